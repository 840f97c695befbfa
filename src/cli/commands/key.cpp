#include <poll.h>
#include <sodium.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>

#include "base/file.h"
#include "base/sha256.h"
#include "base/text.h"
#include "cli/commands/commands.h"
#include "cli/commands/key_serve.h"
#include "cli/passphrase.h"
#include "own/certificate.h"
#include "own/content_id.h"
#include "own/finish.h"
#include "own/keys.h"
#include "own/keystore_v3.h"

namespace ptah::cli {

namespace {

namespace fs = std::filesystem;

Result<KeyStore> open_store() {
  PTAH_TRY(const fs::path folder, KeyStore::default_folder());
  return KeyStore(folder);
}

void show_key(const KeyInfo& key) { print("{}  {}  {}\n", key.name, to_string(key.address), key.locked ? "passphrase" : "no passphrase"); }

}  // namespace

void add_signing_options(CLI::App& command, SigningOptions& o) {
  command.add_option("--key", o.key, "the key that signs (default: 'maker', if there is one)");
  command.add_option("--passphrase-file", o.passphrase_file, "file whose first line is the passphrase (also PTAH_PASSPHRASE_FILE)");
  command.add_flag("--no-sign", o.none, "leave the work unsigned");
}

Result<std::optional<Key>> signing_key(const SigningOptions& o) {
  if (o.none) return std::optional<Key>();
  PTAH_TRY(const auto info, signing_key_info(o.key));
  if (!info) return std::optional<Key>();
  Secret secret;
  if (info->locked) {
    if (passphrase_file(o.passphrase_file).empty() && !isatty(STDIN_FILENO))
      return fail(ErrorCode::permission, "the key '{}' has a passphrase: --passphrase-file FILE, or --no-sign to leave the work unsigned", info->name);
    PTAH_TRY(secret, known_passphrase(o.passphrase_file, fmt::format("the key '{}'", info->name)));
  }
  PTAH_TRY(const KeyStore store, open_store());
  PTAH_TRY(Key key, store.unlock(info->name, secret));
  return std::optional<Key>(std::move(key));
}

namespace {

/// Errors: not_found, permission.
Result<Key> unlocked(const std::string& name, const std::string& passphrase_file) {
  SigningOptions signing;
  signing.key = name;
  signing.passphrase_file = passphrase_file;
  PTAH_TRY(auto key, signing_key(signing));
  if (!key) return fail(ErrorCode::not_found, "there is no key; ptah key new makes one");
  return std::move(*key);
}

struct KeyOptions {
  std::string name = kUsualKey, file, passphrase, host = "127.0.0.1";
  int port = 0;
  bool none = false, yes = false;
};

Result<void> run_new(const KeyOptions& o) {
  PTAH_TRY(KeyStore store, open_store());
  PTAH_TRY(const Secret passphrase, new_passphrase(o.passphrase, o.none));
  PTAH_TRY(const KeyInfo key, store.add(o.name, Key::generate(), passphrase));
  show_key(key);
  return {};
}

Result<void> run_list(const KeyOptions&) {
  PTAH_TRY(const KeyStore store, open_store());
  std::vector<Error> broken;
  PTAH_TRY(const auto keys, store.list(&broken));
  for (const KeyInfo& key : keys) show_key(key);
  for (const Error& problem : broken) print_error("left out: {}\n", problem.message);
  return {};
}

Result<void> run_export(const KeyOptions& o) {
  PTAH_TRY(const KeyStore store, open_store());
  return store.export_file(o.name, o.file);
}

/// A key of an Ethereum keystore, whose passphrase it keeps.
Result<KeyInfo> import_v3(KeyStore& store, const KeyOptions& o, const std::string& text) {
  PTAH_TRY(const Secret passphrase, known_passphrase(o.passphrase, "the keystore"));
  PTAH_TRY(const Key key, open_v3_keystore(text, passphrase));
  const Secret nothing;
  if (passphrase.empty() && !o.none) return fail(ErrorCode::invalid_argument, "the keystore's passphrase is empty; --no-passphrase keeps the key without one");
  return store.add(o.name, key, o.none ? nothing : passphrase);
}

/// A key of 64 hex digits; `otherwise` if the file holds something else.
Result<KeyInfo> import_digits(KeyStore& store, const KeyOptions& o, const Error& otherwise) {
  PTAH_TRY(const Secret text, first_line(o.file));
  Secret secret(32);
  const auto* hex = reinterpret_cast<const char*>(text.bytes().data());
  const size_t skip = text.size() == 66 && hex[0] == '0' && hex[1] == 'x' ? 2 : 0;
  size_t size = 0;
  if (text.size() != 64 + skip || sodium_hex2bin(secret.bytes().data(), 32, hex + skip, 64, nullptr, &size, nullptr) != 0 || size != 32)
    return tl::unexpected(otherwise);
  PTAH_TRY(const Key key, Key::from_secret(std::move(secret)));
  PTAH_TRY(const Secret passphrase, new_passphrase(o.passphrase, o.none));
  return store.add(o.name, key, passphrase);
}

Result<KeyInfo> import_any(KeyStore& store, const KeyOptions& o) {
  if (const auto text = read_text(o.file, 1 << 16); text && is_v3_keystore(*text)) return import_v3(store, o, *text);
  auto kept = store.import_file(o.file, o.name);
  if (!kept && kept.error().code == ErrorCode::corrupt) return import_digits(store, o, kept.error());
  return kept;
}

Result<void> run_import(const KeyOptions& o) {
  PTAH_TRY(KeyStore store, open_store());
  PTAH_TRY(const KeyInfo kept, import_any(store, o));
  show_key(kept);
  return {};
}

Result<void> run_certificate(const KeyOptions& o) {
  PTAH_TRY(const Key key, unlocked(o.name, o.passphrase));
  PTAH_TRY(const MakerCredential credential, MakerCredential::of(key, std::time(nullptr)));
  print_text(credential.authority_pem());
  return {};
}

Result<void> run_key_server(const KeyOptions& o) {
  PTAH_TRY(const Key key, unlocked(o.name, o.passphrase));
  KeyServeOptions how{.host = o.host, .port = o.port, .yes = o.yes};
  if (!o.file.empty()) {
    PTAH_TRY(how.bearer, first_line(o.file));
    if (how.bearer.empty()) return fail(ErrorCode::invalid_argument, "the first line of {} is empty", o.file);
  }
  return serve_key(key, how);
}

Result<void> run_rotate(const KeyOptions& o) {
  PTAH_TRY(KeyStore store, open_store());
  PTAH_TRY(const KeyInfo old, store.find(o.name));
  PTAH_TRY(const Secret passphrase, new_passphrase(o.passphrase, o.none));
  PTAH_TRY(const Rotation done, store.rotate(old, Key::generate(), passphrase));
  show_key(done.key);
  print("{}  {}  the old key\n", done.kept, to_string(old.address));
  return {};
}

/// A line of standard input, without blanks at its ends.
Result<std::string> typed_line() {
  std::string line;
  while (true) {
    if (interrupted().cancelled()) return fail(ErrorCode::cancelled, "interrupted: nothing was deleted");
    pollfd waiting{STDIN_FILENO, POLLIN, 0};
    if (::poll(&waiting, 1, 100) <= 0) continue;
    char c = 0;
    const auto got = ::read(STDIN_FILENO, &c, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0 || c == '\n' || line.size() > 1024) break;
    line += c;
  }
  const auto lines = lines_of(line);
  return lines.empty() ? std::string() : lines.front();
}

Result<void> run_delete(const KeyOptions& o) {
  PTAH_TRY(KeyStore store, open_store());
  PTAH_TRY(const KeyInfo key, store.find(o.name));
  const std::string address = to_string(key.address);
  print("{}  {}\ntype the address again to take this key out of use: ", key.name, address);
  std::fflush(stdout);
  PTAH_TRY(const std::string typed, typed_line());
  print("\n");
  if (typed != address) return fail(ErrorCode::invalid_argument, "that is not the address; nothing was deleted");
  PTAH_TRY(const fs::path place, store.remove(key));
  print("{} is now {}\nptah key import brings it back\n", key.name, place);
  return {};
}

}  // namespace

std::vector<KeyInfo> known_keys() {
  const auto store = open_store();
  const auto keys = store ? store->list() : fail(ErrorCode::not_found, "none");
  return keys ? *keys : std::vector<KeyInfo>();
}

std::string known_as(const Address& address) {
  for (const KeyInfo& key : known_keys())
    if (key.address == address) return key.name;
  return "";
}

void add_key(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("key", "manage the keys that sign your works; they stay on this computer");
  command->require_subcommand(1);
  auto o = std::make_shared<KeyOptions>();
  const auto add = [&](const char* name, const char* what, auto run) {
    CLI::App* sub = command->add_subcommand(name, what);
    sub->callback([o, run, &action] {
      action = [o, run] {
        const auto done = guard([&]() -> Result<void> { return run(*o); });
        return done ? 0 : report(done.error());
      };
    });
    return sub;
  };
  const auto secured = [&](CLI::App* sub) {
    sub->add_option("--passphrase-file", o->passphrase, "file whose first line is the passphrase (also PTAH_PASSPHRASE_FILE)");
    sub->add_flag("--no-passphrase", o->none, "store the key without a passphrase: whoever reads its file can sign");
  };
  CLI::App* made = add("new", "make a key", run_new);
  made->add_option("name", o->name, "its name; works are signed with 'maker' unless --key says otherwise");
  secured(made);
  add("list", "list the keys", run_list);
  CLI::App* out = add("export", "write a key, still encrypted, to a file", run_export);
  out->add_option("name", o->name, "the key")->required();
  out->add_option("file", o->file, "the file to write")->required();
  CLI::App* in = add("import", "import a key: a file of key export, an Ethereum keystore (V3), or 64 hex digits", run_import);
  in->add_option("file", o->file, "the file")->required();
  in->add_option("name", o->name, "its name here");
  secured(in);
  CLI::App* shown = add("certificate", "print the certificate (PEM) that others put on their trust list", run_certificate);
  shown->add_option("name", o->name, "the key");
  shown->add_option("--passphrase-file", o->passphrase, "file whose first line is the passphrase (also PTAH_PASSPHRASE_FILE)");
  CLI::App* served = add("serve", "sign for other processes over HTTP (--signer); asks before each signature", run_key_server);
  served->add_option("name", o->name, "the key");
  served->add_option("--host", o->host, "address to listen on; beyond this computer use an encrypted tunnel");
  served->add_option("--port", o->port, "port to listen on; 0: a free one")->check(CLI::Range(0, 65535));
  served->add_option("--token-file", o->file, "file whose first line clients have to send (default: a new token, which is printed)");
  served->add_flag("--yes", o->yes, "sign without asking");
  served->add_option("--passphrase-file", o->passphrase, "file whose first line is the passphrase (also PTAH_PASSPHRASE_FILE)");
  CLI::App* turn = add("rotate", "make a new key under the same name; the old one stays as NAME-ADDRESS", run_rotate);
  turn->add_option("name", o->name, "the key");
  secured(turn);
  CLI::App* gone = add("delete", "take a key out of use; its file is kept in the folder 'deleted'", run_delete);
  gone->add_option("name", o->name, "the key")->required();
}

void add_cid(CLI::App& app, Action& action) {
  auto files = std::make_shared<std::vector<std::string>>();
  CLI::App* command = app.add_subcommand("cid", "print the content ids that IPFS gives to files (CIDv1)");
  command->add_option("files", *files, "the files")->required();
  command->callback([files, &action] {
    action = [files] {
      for (const std::string& file : *files) {
        if (interrupted().cancelled()) return report({ErrorCode::cancelled, "cancelled"});
        const auto id = content_id_of_file(file);
        if (!id) return report(id.error());
        print("{}  {}\n", *id, file);
      }
      return 0;
    };
  });
}

void add_car(CLI::App& app, Action& action) {
  struct Options {
    std::string out;
    std::vector<std::string> files;
    bool json = false, quiet = false;
  };
  auto o = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("car", "pack files into an archive (CAR) for IPFS nodes and pinning services");
  command->add_option("out", o->out, "the archive to write; never overwrites")->required();
  command->add_option("files", o->files, "the files")->required();
  command->add_flag("--json", o->json, "print a JSON line");
  command->add_flag("--quiet", o->quiet, "print nothing but errors");
  command->callback([o, &action] {
    action = [o] {
      const auto run = [&]() -> Result<void> {
        PTAH_TRY_VOID(must_be_new(o->out));
        PTAH_TRY(const auto ids, write_car(o->out, {o->files.begin(), o->files.end()}));
        if (o->json || o->quiet) {
          say_made({{}, {o->out}, {{"cids", ids}}}, o->json, o->quiet);
          return {};
        }
        for (size_t i = 0; i < ids.size(); ++i) print("{}  {}\n", ids[i], o->files[i]);
        return {};
      };
      return finish(guard(run));
    };
  });
}

}  // namespace ptah::cli
