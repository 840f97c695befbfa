// Wallets in the browser (EIP-6963, EIP-1193): they hold keys that Ptah does not have, and send what they are asked to.
import { sendJson } from "./api";
import { Store } from "./store";
import { t } from "./texts";

interface Provider {
  request(asked: { method: string; params?: unknown }): Promise<any>;
}
export interface Wallet {
  id: string;
  name: string;
  provider: Provider;
}
/** A transaction as `ptah … --wallet` prints it. */
interface Transaction {
  chain: number;
  from: string;
  to: string | null;
  data: string;
  value: string;
  says: string;
}
export interface Chain {
  running: boolean;
  test?: boolean;
  url?: string | null;
  id?: number;
  block?: number;
  time?: number;
}

export const wallets = new Store<Wallet[]>([]);
addEventListener("eip6963:announceProvider", (event) => {
  const { info, provider } = (event as CustomEvent).detail;
  if (!wallets.value.some((one) => one.id === info.uuid)) wallets.set([...wallets.value, { id: info.uuid, name: String(info.name).slice(0, 60), provider }]);
});
export function findWallets(): void {
  dispatchEvent(new Event("eip6963:requestProvider"));
  const { ethereum } = globalThis as { ethereum?: Provider };
  if (ethereum && !wallets.value.length) wallets.set([{ id: "injected", name: t("chain.wallet"), provider: ethereum }]);
}

/** Who signs and sends: a key of this computer, or an account of a wallet. */
export interface Who {
  key: string;
  passphrase: string;
  wallet?: Wallet | undefined;
  account?: string | undefined;
}

export const accountOf = async (wallet: Wallet): Promise<string> => (await wallet.provider.request({ method: "eth_requestAccounts" }))[0];

async function onChain(wallet: Wallet, id: number): Promise<void> {
  const chainId = "0x" + id.toString(16);
  if (parseInt(await wallet.provider.request({ method: "eth_chainId" }), 16) === id) return;
  await wallet.provider.request({ method: "wallet_switchEthereumChain", params: [{ chainId }] });
  if (parseInt(await wallet.provider.request({ method: "eth_chainId" }), 16) !== id) throw new Error(t("chain.other", { id }));
}

async function sendByWallet(wallet: Wallet, asked: Transaction): Promise<void> {
  await onChain(wallet, asked.chain);
  const { from, to, data, value } = asked;
  const hash = await wallet.provider.request({ method: "eth_sendTransaction", params: [{ from, ...(to ? { to } : {}), data, value }] });
  for (let pause = 300; ; pause = Math.min(pause * 1.5, 4000)) {
    const receipt = await wallet.provider.request({ method: "eth_getTransactionReceipt", params: [hash] });
    if (receipt) {
      if (receipt.status !== "0x1") throw new Error(t("chain.failed", { hash }));
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

/** Asks for something that somebody signs. With a wallet the server answers with transactions, which the wallet sends. */
export async function sendAs(who: Who, path: string, body: Record<string, unknown>): Promise<any> {
  const answer = await sendJson(path, { ...body, key: who.key, passphrase: who.passphrase, ...(who.wallet ? { wallet: who.account } : {}) });
  if (who.wallet && Array.isArray(answer.data) && !answer.sent) for (const one of answer.data as Transaction[]) await sendByWallet(who.wallet, one);
  return answer;
}
