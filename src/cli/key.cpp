#include <sodium.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>

#include "base/file.h"
#include "base/sha256.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/key_serve.h"
#include "cli/passphrase.h"
#include "own/certificate.h"
#include "own/content_id.h"
#include "own/keys.h"
#include "own/keystore_v3.h"

namespace ptah::cli {

namespace {

namespace fs = std::filesystem;

Result<KeyStore> open_store() {
  PTAH_TRY(const fs::path folder, KeyStore::default_folder());
  return KeyStore(folder);
}

void show(const KeyInfo& key) { print("{}  {}  {}\n", key.name, to_string(key.address), key.locked ? "passphrase" : "no passphrase"); }

}  // namespace

void add_signing_options(CLI::App& command, SigningOptions& o) {
  command.add_option("--key", o.key, "the key that signs the work (default: 'maker', if there is one)");
  command.add_option("--passphrase-file", o.passphrase_file, "its passphrase is the first line of this file (also PTAH_PASSPHRASE_FILE)");
  command.add_flag("--no-sign", o.none, "leave the work unsigned");
}

Result<std::optional<Key>> signing_key(const SigningOptions& o) {
  if (o.none) return std::optional<Key>();
  const auto opened = open_store();
  if (!opened && o.key.empty()) return std::optional<Key>();  // no home, no keys
  PTAH_TRY(const KeyStore store, opened);
  const auto found = store.find(o.key.empty() ? kUsualKey : o.key);
  if (!found && o.key.empty() && found.error().code == ErrorCode::not_found) return std::optional<Key>();
  PTAH_TRY(const KeyInfo info, found);
  Secret secret;
  if (info.locked) {
    if (passphrase_file(o.passphrase_file).empty() && !isatty(STDIN_FILENO))
      return fail(ErrorCode::permission, "the key '{}' has a passphrase: --passphrase-file FILE, or --no-sign to leave the work unsigned", info.name);
    PTAH_TRY(secret, known_passphrase(o.passphrase_file, fmt::format("the key '{}'", info.name)));
  }
  PTAH_TRY(Key key, store.unlock(info.name, secret));
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

}  // namespace

std::string known_as(const Address& address) {
  const auto store = open_store();
  const auto keys = store ? store->list() : fail(ErrorCode::not_found, "none");
  if (!keys) return "";
  for (const KeyInfo& key : *keys)
    if (key.address == address) return key.name;
  return "";
}

void add_key(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("key", "the keys that sign your works; they never leave this computer");
  command->require_subcommand(1);
  struct Options {
    std::string name = kUsualKey, file, passphrase, host = "127.0.0.1";
    int port = 0;
    bool none = false, yes = false;
  };
  auto o = std::make_shared<Options>();
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
    sub->add_option("--passphrase-file", o->passphrase, "the passphrase is the first line of this file (also PTAH_PASSPHRASE_FILE)");
    sub->add_flag("--no-passphrase", o->none, "whoever can read the file can sign");
  };
  CLI::App* made = add("new", "makes a key", [](const Options& options) -> Result<void> {
    PTAH_TRY(KeyStore store, open_store());
    PTAH_TRY(const Secret passphrase, new_passphrase(options.passphrase, options.none));
    PTAH_TRY(const KeyInfo key, store.add(options.name, Key::generate(), passphrase));
    show(key);
    return {};
  });
  made->add_option("name", o->name, "its name; works are signed with 'maker' unless --key says otherwise");
  secured(made);
  add("list", "the keys that are here", [](const Options&) -> Result<void> {
    PTAH_TRY(const KeyStore store, open_store());
    std::vector<Error> broken;
    PTAH_TRY(const auto keys, store.list(&broken));
    for (const KeyInfo& key : keys) show(key);
    for (const Error& problem : broken) print_error("left out: {}\n", problem.message);
    return {};
  });
  CLI::App* out = add("export", "writes a key, encrypted as it is, to a file", [](const Options& options) -> Result<void> {
    PTAH_TRY(const KeyStore store, open_store());
    return store.export_file(options.name, options.file);
  });
  out->add_option("name", o->name, "the key")->required();
  out->add_option("file", o->file, "the file to write")->required();
  CLI::App* in = add("import", "takes a key from a file of `key export`, an Ethereum keystore (V3, which keeps its passphrase here), or 64 hex digits",
                     [](const Options& options) -> Result<void> {
                       PTAH_TRY(KeyStore store, open_store());
                       if (const auto text = read_text(options.file, 1 << 16); text && is_v3_keystore(*text)) {
                         PTAH_TRY(const Secret passphrase, known_passphrase(options.passphrase, "the keystore"));
                         PTAH_TRY(const Key key, open_v3_keystore(*text, passphrase));
                         const Secret nothing;
                         if (passphrase.empty() && !options.none)
                           return fail(ErrorCode::invalid_argument, "the keystore's passphrase is empty; --no-passphrase keeps the key without one");
                         PTAH_TRY(const KeyInfo info, store.add(options.name, key, options.none ? nothing : passphrase));
                         show(info);
                         return {};
                       }
                       auto kept = store.import_file(options.file, options.name);
                       if (!kept && kept.error().code == ErrorCode::corrupt) {
                         PTAH_TRY(const Secret text, first_line(options.file));
                         Secret secret(32);
                         const auto* hex = reinterpret_cast<const char*>(text.bytes().data());
                         const size_t skip = text.size() == 66 && hex[0] == '0' && hex[1] == 'x' ? 2 : 0;
                         size_t size = 0;
                         if (text.size() != 64 + skip || sodium_hex2bin(secret.bytes().data(), 32, hex + skip, 64, nullptr, &size, nullptr) != 0 || size != 32)
                           return tl::unexpected(kept.error());
                         PTAH_TRY(const Key key, Key::from_secret(std::move(secret)));
                         PTAH_TRY(const Secret passphrase, new_passphrase(options.passphrase, options.none));
                         kept = store.add(options.name, key, passphrase);
                       }
                       if (!kept) return tl::unexpected(kept.error());
                       show(*kept);
                       return {};
                     });
  in->add_option("file", o->file, "the file")->required();
  in->add_option("name", o->name, "its name here");
  secured(in);
  CLI::App* shown = add("certificate", "the certificate of a key's authority for content credentials (PEM), for other people's trust lists",
                        [](const Options& options) -> Result<void> {
                          PTAH_TRY(const Key key, unlocked(options.name, options.passphrase));
                          PTAH_TRY(const MakerCredential credential, MakerCredential::of(key, std::time(nullptr)));
                          print_text(credential.authority_pem());
                          return {};
                        });
  shown->add_option("name", o->name, "the key");
  shown->add_option("--passphrase-file", o->passphrase, "the passphrase is the first line of this file (also PTAH_PASSPHRASE_FILE)");
  CLI::App* served = add(
      "serve", "signs for other processes over HTTP (--signer), so that the key need not lie where it is used; shows what it is and asks before each signature",
      [](const Options& options) -> Result<void> {
        PTAH_TRY(const Key key, unlocked(options.name, options.passphrase));
        KeyServeOptions how{.host = options.host, .port = options.port, .yes = options.yes};
        if (!options.file.empty()) {
          PTAH_TRY(how.bearer, first_line(options.file));
          if (how.bearer.empty()) return fail(ErrorCode::invalid_argument, "the first line of {} is empty", options.file);
        }
        return serve_key(key, how);
      });
  served->add_option("name", o->name, "the key");
  served->add_option("--host", o->host, "address to listen on; what is beyond this computer needs a tunnel that encrypts");
  served->add_option("--port", o->port, "0: a free one")->check(CLI::Range(0, 65535));
  served->add_option("--token-file", o->file, "who asks has to bring the first line of this file (default: a new one, which is printed)");
  served->add_flag("--yes", o->yes, "sign without asking");
  served->add_option("--passphrase-file", o->passphrase, "the passphrase is the first line of this file (also PTAH_PASSPHRASE_FILE)");
  CLI::App* turn = add("rotate", "a new key under the same name; the old one stays as NAME-ADDRESS", [](const Options& options) -> Result<void> {
    PTAH_TRY(KeyStore store, open_store());
    PTAH_TRY(const KeyInfo old, store.find(options.name));
    PTAH_TRY(const Secret passphrase, new_passphrase(options.passphrase, options.none));
    PTAH_TRY(const Rotation done, store.rotate(old, Key::generate(), passphrase));
    show(done.key);
    print("{}  {}  the old key\n", done.kept, to_string(old.address));
    return {};
  });
  turn->add_option("name", o->name, "the key");
  secured(turn);
}

void add_cid(CLI::App& app, Action& action) {
  auto files = std::make_shared<std::vector<std::string>>();
  CLI::App* command = app.add_subcommand("cid", "content ids of files as IPFS gives them (CIDv1, profile unixfs-v1-2025)");
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
  CLI::App* command = app.add_subcommand("car", "files as an archive (CAR) that IPFS nodes and pinning services take in");
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
