// Tokens, collections, editions.
#include "contract/kinds/tables.h"

namespace ptah {

ContractKind token_kind() {
  return {
      .name = "token",
      .title = "Token",
      .summary = "a fungible token (ERC-20)",
      .cues =
          "erc20:4|erc 20:4|fungible token:4|coin:2|currency:2|cryptocurrency:3|token called:3|token named:3|token with:2|utility token:4|loyalty points:3|"
          "governance token:4|governance coin:4|points:1|supply:1|mintable:1|ticker:1|decimals:2|create a token:3|a token:1.5|stablecoin:2|meme coin:3|"
          "issue a token:3|our own money:2|initial supply:3|fixed supply:3|total supply:2|pausable token:2|burnable token:2|mintable token:2",
      .terms =
          {{"supply", TermType::tokens, "How many tokens are there at the start?", "", 0, kMaxTokenAmount,
            "supply:2|initial supply:3|start with:3|starts with:3|in all:1.5|at the start:2|at launch:2|total supply:3|fixed supply:3|in circulation:2|to "
            "the treasury:1|begin with:3|mint at deployment:3|total of:1.5|premint:3|issued:1|pre-mined:2|exist:1|there are:1|there will be:1|to begin "
            "with:3|fixed amount of:3",
            "tokens at the start"},
           {"cap", TermType::tokens, "", "", 1, kMaxTokenAmount,
            "cap:3|capped:3|up to:2.5|maximum:2.5|max supply:4|max:2|never more than:4|at most:2|no more than:3|hard cap:4|limit:2|ceiling:3|maximum "
            "supply:4|maximum of:3|not exceed:4|exceed:3|upper limit:3|never beyond:5|until there are:5|until there will be:4|beyond:4|altogether:2|above:1.5",
            "the most tokens that can exist"},
           {"decimals", TermType::count, "", "18", 0, 18, "decimals:6|decimal places:6|decimal:4", "places behind the decimal point"},
           {"fee", TermType::share, "", "", 0.01, 10, "transfer:2|fee:3|tax:3|of every transfer:3|each transfer:3", "taken of each transfer"},
           {"max_pause", TermType::duration, "", "7 days", 60, 30 * kDay, "pause:3|paused:3|at most:1|freeze:2|halt:2|pausing:3",
            "the longest pause of transfers"}},
      .flags = {{"mintable",
                 "mintable|mint more|issue more|make more|can mint|may mint|create more|minted by|issue more|more can be minted|additional tokens|new "
                 "tokens|inflat|minting "
                 "by|mints more|minter|can be minted",
                 "no more can|not mintable|no minting|cannot be minted|can't be minted|fixed supply|no more can ever be minted|never be minted|without "
                 "minting|no one can mint|nobody can mint|no further minting|no new tokens|not be minted|non-mintable",
                 "the owner can make more, up to the cap"},
                {"burnable", "burnable|burn|burned|burning|destroy",
                 "not burnable|cannot be burned|no burning|no burn|not be burned|cannot burn|can't burn|non-burnable", "holders can destroy theirs"},
                {"votes", "votes|voting|governance|vote", "no voting|without voting|no votes", "tokens count as votes"},
                {"permit", "permit|gasless approv|signature|signatures|eip-2612|erc-2612|eip2612|erc2612|eip 2612", "no permit|without permit",
                 "approvals by signature"},
                {"pausable", "pause|pausable|paused|halt transfers|freeze transfers|stop transfers|pausing",
                 "not pausable|no pause|cannot be paused|never be paused|no pausing|unpausable|without pause|can't be paused|non-pausable",
                 "the owner can stop transfers for a time"}},
      .roles = {{"owner", "mintable|pausable", "may mint or pause", "owner|admin|minter|owned by"},
                {"holder", "", "gets the tokens that exist at the start", "treasury|holder|go to|goes to|all to"},
                {"fee_receiver", "fee", "gets the fees of transfers", "fees to|fee to|tax to|charity|wallet"}},
      .has_symbol = true,
      .examples = {"make a coin for our community", "an ERC-20 token with a fixed supply", "loyalty points for customers", "create our own currency"}};
}

ContractKind collection_kind() {
  return {
      .name = "collection",
      .title = "Collection",
      .summary = "a collection of unique tokens (ERC-721)",
      .cues =
          "issue:0.3|issues:0.3|hand out:0.3|hands out:0.3|award:0.3|awards:0.3|nft:3|nfts:3|erc721:4|erc 721:4|non-fungible token:4|non fungible "
          "token:4|collection:2.5|collectible:3|collectibles:3|avatars:2|unique:2|badges:3|badge:3|certificates:3|certificate:3|diploma:2|"
          "membership badges:3|soulbound:4|non-transferable:2|drawings as nfts:3|public mint:2|pfp:3|unique tokens:3|tickets:2|artworks:2|passes:1|profile "
          "pictures:3|each one a token:4|each of them a token:4|one token each:2|different:0.7|someone resells:2|resells one:2|passed on:1",
      .terms = {{"max_supply", TermType::count, "How many tokens can there be at most?", "", 1, 10000000,
                 "collection:1.5|pieces:3|items:3|tokens max:3|max:2|at most:1|up to:2|series of:3|unique:2|avatars:2|supply:3|maximum:2|collectible:2|limited "
                 "to:3|total:2|editions:1|mint of:2|tokens:1|badges:2|certificates:2|of them:1|in all:2|nfts:2|members:1|works:1|tickets:2|passes:2|artworks:2",
                 "the most tokens there can be"},
                {"price", TermType::money, "", "", 0, 1e12,
                 "price:3|each:3|a piece:3|apiece:3|for:1|per token:3|cost:3|costs:3|per nft:3|mint price:4|per mint:3|every one:2|sell:1|per item:3",
                 "of one token"},
                {"per_wallet", TermType::count, "", "", 1, 10000,
                 "per wallet:5|per address:5|per person:5|a person:3|per buyer:5|per account:5|limit of:2|limit:2|at most:1|max:1|each wallet:4|no more "
                 "than:2|for everyone:1|wallet:2|per user:5|per collector:5|each person:3",
                 "the most one address can buy"},
                {"royalty", TermType::share, "", "", 0, 25, "royalty:4|royalties:4|resale:3|secondary:3|of resales:3|resells:3|resell:3|resold:3",
                 "of each resale, for the artist"},
                {"reserve", TermType::count, "", "", 1, 10000,
                 "reserve:4|reserved:4|keep:4|for me:2|for the team:3|held back:4|set aside:4|for the owner:3|for us:2|for "
                 "ourselves:3|kept:3|withhold:3|reserving:4",
                 "kept for the owner"}},
      .flags = {{"allow_list",
                 "allow list|allowlist|allow-list|whitelist|whitelisted|on the list|listed buyers|approved buyers|only members|invited|my list|our list|people "
                 "on a list|buyers on a list|a list of buyers|listed people",
                 "no allow list|no allowlist|no whitelist|without a list|open to all|without an allow list", "only addresses on a list can buy"},
                {"soulbound",
                 "non-transferable|nontransferable|not transferable|cannot be transferred|can't be transferred|soulbound|soul-bound|nobody may transfer|nobody "
                 "can transfer|may not be transferred|must not be transferred|not be "
                 "transferred|untransferable|never be transferred|non transferable|can not be transferred|not be sold|cannot be sold|can't be passed on|cannot "
                 "be passed on|not be passed on|never be passed on|nobody can pass|can't pass|cannot pass|"
                 "not be given away|cannot be given away|can't be given away|bound to its owner|bound to their owner|stay with their",
                 "", "nobody can pass a token on"},
                {"burnable", "burnable|burn|burned|destroy", "not burnable|cannot be burned|no burning|cannot burn|non-burnable",
                 "holders can destroy theirs"}},
      .roles = {{"owner", "", "sets where descriptions lie and mints what is not sold", "owner|owned by|admin|minter|issued by"},
                {"treasury", "price", "gets what is paid", "treasury|proceeds to|paid to|income to|revenue to"},
                {"artist", "royalty", "gets the royalties", "artist|royalty to|royalties to|creator"}},
      .has_symbol = true,
      .examples = {"an NFT collection of my drawings", "badges that nobody can pass on", "sell unique digital pictures",
                   "certificates for people who passed a course"}};
}

ContractKind editions_kind() {
  return {.name = "editions",
          .title = "Editions",
          .summary = "works in several equal copies (ERC-1155)",
          .cues =
              "edition:3|editions:3.5|erc1155:4|erc 1155:4|copies:3|copies of:1|semi-fungible:4|multi-edition:4|multi edition:4|multi-token:4|multi "
              "token:4|limited edition:3|prints:2|print:1.5|copy:1.5|game items:2|photo book:1|postcards:1",
          .terms = {{"copies", TermType::count, "How many copies of each edition are there?", "", 1, 10000000,
                     "copies:5|copies of:2|copies each:2|copies apiece:2|prints:2", "copies of an edition"},
                    {"price", TermType::money, "", "", 0, 1e12, "each:2|price:3|at:1|a copy:4|per copy:4|for:1|apiece:3|cost:3|costs:3|copy:2", "of one copy"},
                    {"per_wallet", TermType::count, "", "", 1, 100000,
                     "per wallet:5|per address:5|per person:5|a person:3|per buyer:5|no more than:2|at most:2|limit:2|per user:5|per collector:5|per "
                     "account:5|each wallet:4|nobody gets more than:5|nobody may have more than:5|nobody can buy more than:5|more than:1.5",
                     "the most copies of one edition that one address can buy"},
                    {"royalty", TermType::share, "", "", 0, 25, "royalty:4|royalties:4|resale:3|secondary:3", "of each resale, for the artist"}},
          .flags = {},
          .roles = {{"owner", "", "sets where descriptions lie and mints what is not sold", "owner|owned by|admin|minter"},
                    {"treasury", "price", "gets what is paid", "treasury|proceeds to|paid to|income to"},
                    {"artist", "royalty", "gets the royalties", "artist|royalty to|royalties to|creator|studio"}},
          .examples = {"100 copies of a print", "limited editions of two covers", "game items in many copies"}};
}

}  // namespace ptah
