// Communities of the studio's one user: what `ptah dao` does, asked for by name.
#include "apps/community/dao.h"
#include "base/file.h"
#include "base/text.h"
#include "schema/field_error.h"
#include "serve/api/answers.h"
#include "serve/studio/own_commands.h"
#include "serve/studio/studio.h"

namespace ptah {

namespace {

namespace fs = std::filesystem;

/// How a request becomes words of `ptah dao`: what stands alone, in its order, and what has a name.
struct CommunityAction {
  const char* name;
  std::vector<const char*> places, options = {};
  bool proposes = false;  ///< may be put to the vote instead: "propose" is the text of the proposal
};
const std::vector<CommunityAction>& community_actions() {
  static const std::vector<CommunityAction> kActions{
      {"delegate", {"to?"}},
      {"pay", {"to", "amount"}, {}, true},
      {"job", {"brief"}, {"amount", "worker", "judge", "deadline", "window"}, true},
      {"market", {"question"}, {"liquidity", "resolver", "arbiter", "bond", "closes", "window", "fee"}, true},
      {"vote", {"proposal", "choice"}},
      {"queue", {"proposal"}},
      {"execute", {"proposal"}},
      {"submit", {"job", "work"}},
      {"accept", {"job", "worker"}},
      {"reject", {"job", "worker"}},
      {"object", {"job"}, {}, true},
      {"release", {"job"}, {}, true},
      {"close", {"job"}, {}, true},
      {"buy", {"market", "side", "tokens"}, {"limit"}},
      {"sell", {"market", "side", "tokens"}, {"limit"}},
      {"split", {"market", "sets"}},
      {"merge", {"market", "sets"}},
      {"name", {"market", "outcome"}},
      {"decide", {"market", "outcome"}},
      {"dispute", {"market"}},
      {"settle", {"market"}, {}, true},
      {"redeem", {"market"}, {}, true},
      {"take", {}, {}, true},
  };
  return kActions;
}

class Communities {
 public:
  explicit Communities(ApiServer& server) : server_(server), folder_(server.service().options().folder / "communities") {}

  Result<Json> all_communities() const;
  Result<Json> found_or_take(const Json& body);
  Result<Json> show(const HttpRequest& request) const;
  Result<Json> act(const HttpRequest& request, const ApiServer::Caller& caller) const;

 private:
  const std::string& program() const { return server_.service().options().command.at(0); }
  Result<fs::path> file_of(const std::string& id) const;
  Result<Community> community_of(const fs::path& file) const;
  Result<std::vector<std::string>> words_of(const CommunityAction& action, const Json& body, const ApiServer::Caller& caller) const;

  ApiServer& server_;
  fs::path folder_;
};

/// A name for a file, of what people call it.
std::string plain_id(const std::string& name) {
  std::string out;
  for (const char c : lower_case(name)) {
    if (std::isalnum(static_cast<unsigned char>(c)))
      out += c;
    else if (!out.empty() && out.back() != '-')
      out += '-';
  }
  out.resize(std::min<size_t>(out.size(), 60));
  while (out.ends_with('-')) out.pop_back();
  return out.empty() ? "community" : out;
}

Result<fs::path> Communities::file_of(const std::string& id) const {
  const fs::path file = folder_ / (id + ".json");
  std::error_code problem;
  if (!is_plain_file_name(id) || !fs::is_regular_file(file, problem)) return fail(ErrorCode::not_found, "there is no community '{}' here", printable(id, 80));
  return file;
}

Result<Community> Communities::community_of(const fs::path& file) const {
  PTAH_TRY(const std::string text, read_text(file, 1 << 16));
  return parse_community(text);
}

Json community_json(const std::string& id, const Community& community) {
  Json out = to_json(community);
  out["object"] = "community";
  out["id"] = id;
  return out;
}

Result<Json> Communities::all_communities() const {
  std::vector<std::string> ids;
  std::error_code problem;
  for (const auto& file : fs::directory_iterator(folder_, problem))
    if (file.path().extension() == ".json") ids.push_back(file.path().stem().string());
  std::sort(ids.begin(), ids.end());
  Json data = Json::array();
  for (const std::string& id : ids)
    if (const auto community = community_of(folder_ / (id + ".json"))) data.push_back(community_json(id, *community));
  return Json{{"object", "list"}, {"data", std::move(data)}};
}

/// What a member says, as a word of a command; empty if it is not there.
Result<std::string> word_in(const Json& body, std::string_view name, size_t max) {
  const Json value = body.value(std::string(name), Json());
  if (value.is_null()) return std::string();
  if (value.is_number_integer()) return value.dump();
  if (value.is_string() && value.get_ref<const std::string&>().size() <= max && value.get_ref<const std::string&>().find('\0') == std::string::npos)
    return value.get<std::string>();
  return fail_field(std::string(name), ErrorCode::invalid_argument, "`{}`: a text of at most {} bytes", name, max);
}

Result<Json> Communities::found_or_take(const Json& body) {
  PTAH_TRY_VOID(make_folders(folder_));
  if (const Json given = body.value("community", Json()); !given.is_null()) {  // one that somebody founded elsewhere
    PTAH_TRY(const Community community, parse_community(given.dump()));
    const std::string id = plain_id(community.name);
    PTAH_TRY_VOID(write_new_file(folder_ / (id + ".json"), std::string_view(to_json(community).dump(2) + "\n")));
    return community_json(id, community);
  }
  PTAH_TRY(const Sender who, sender_in(body));
  if (!who.wallet.empty())
    return fail_field("wallet", ErrorCode::unsupported, "`wallet`: five contracts are made one after the other; a key of this computer founds");
  PTAH_TRY_VOID(needed_chain());
  PTAH_TRY(const std::string name, text_member(body, "name", 100));
  if (trimmed(name).empty()) return fail_field("name", ErrorCode::invalid_argument, "`name`: a community needs one");
  const std::string id = plain_id(name);
  const fs::path file = folder_ / (id + ".json");
  std::vector<std::string> words{"dao", "found", command_option("name", name)};
  for (const char* option : {"symbol", "treasury", "threshold", "quorum", "delay", "period", "wait"}) {
    PTAH_TRY(const std::string word, word_in(body, option, 40));
    if (!word.empty()) words.push_back(command_option(option, word));
  }
  const Json shares = body.value("shares", Json());
  if (!shares.is_array() || shares.empty() || shares.size() > 200)
    return fail_field("shares", ErrorCode::invalid_argument, "`shares`: a list of {{\"who\", \"amount\"}}, 1 to 200 of them");
  for (const Json& share : shares) words.push_back(command_option("share", text_at(share, "who") + "=" + text_at(share, "amount")));
  for (const std::string& word : who.words()) words.push_back(word);
  words.insert(words.end(), {"--", file.string()});
  PTAH_TRY_VOID(run_own_command(program(), words, who.passphrase));
  PTAH_TRY(const Community community, community_of(file));
  return community_json(id, community);
}

Result<Json> Communities::show(const HttpRequest& request) const {
  PTAH_TRY(const fs::path file, file_of(request.parts[0]));
  PTAH_TRY(const Community community, community_of(file));
  PTAH_TRY(const StudioChain chain, needed_chain());
  PTAH_TRY(const Rpc rpc, Rpc::open(chain.url));
  // A test chain has a block only when something is sent; with another one its clock goes on.
  if (chain.test) PTAH_TRY_VOID(rpc.call("evm_mine"));
  PTAH_TRY(const CommandAnswer said, run_own_command(program(), {"dao", "show", command_option("json"), "--", file.string()}));
  Json out = community_json(request.parts[0], community);
  out["proposals"] = out["jobs"] = out["markets"] = out["members"] = Json::array();
  for (const Json& line : said.lines) {
    if (line.contains("treasury")) out["treasury"] = line["treasury"];
    for (const auto& [member, list] : {std::pair{"proposal", "proposals"}, std::pair{"job", "jobs"}, std::pair{"market", "markets"}})
      if (line.contains(member)) out[list].push_back(line);
  }
  PTAH_TRY(const Json block, rpc.call("eth_getBlockByNumber", {"latest", false}));
  PTAH_TRY(out["now"], quantity_at(block, "timestamp"));
  PTAH_TRY(const fs::path keys, KeyStore::default_folder());
  PTAH_TRY(const auto known, KeyStore(keys).list());
  std::vector<std::pair<std::string, Address>> members;
  for (const KeyInfo& key : known) members.emplace_back(key.name, key.address);
  if (const std::string wallet(request.query_value("wallet")); !wallet.empty()) {
    PTAH_TRY(const Address address, parse_address(wallet));
    members.emplace_back("", address);
  }
  for (const auto& member : members) {
    const Address& address = member.second;
    const auto number = [&](const char* what) -> Result<std::string> {
      PTAH_TRY(const Json answer, read_contract(rpc, community.token, what, Json::array({to_string(address)}), {"uint256"}));
      PTAH_TRY(const Uint256 value, parse_uint256(answer[0]));
      return ether(value);
    };
    PTAH_TRY(const std::string tokens, number("balanceOf(address)"));
    PTAH_TRY(const std::string votes, number("getVotes(address)"));
    out["members"].push_back({{"name", member.first}, {"address", to_string(address)}, {"tokens", tokens}, {"votes", votes}});
  }
  return out;
}

Result<std::vector<std::string>> Communities::words_of(const CommunityAction& action, const Json& body, const ApiServer::Caller& caller) const {
  constexpr size_t kMaxText = 4000;
  std::vector<std::string> words{"dao", action.name}, places;
  for (const char* option : action.options) {
    const Json value = body.value(option, Json());
    for (const Json& one : value.is_array() ? value : Json::array({value})) {  // several milestones
      PTAH_TRY(const std::string word, word_in({{option, one}}, option, kMaxText));
      if (!word.empty()) words.push_back(command_option(option, word));
    }
  }
  if (action.proposes) {
    PTAH_TRY(const std::string proposal, word_in(body, "propose", kMaxText));
    if (!proposal.empty()) words.push_back(command_option("propose", proposal));
  }
  for (std::string_view place : action.places) {
    const bool optional = place.ends_with('?');
    if (optional) place.remove_suffix(1);
    PTAH_TRY(std::string word, word_in(body, place, kMaxText));
    if (word.empty() && !optional) return fail_field(std::string(place), ErrorCode::invalid_argument, "`{}` is missing", place);
    if (place == "work") {  // a work's receipt is handed in
      PTAH_TRY(const Job job, server_.service().find(word, caller.name));
      const auto receipt = std::find_if(job.outputs.begin(), job.outputs.end(), [](const JobOutput& one) { return one.name == "receipt.json"; });
      if (receipt == job.outputs.end()) return fail_field("work", ErrorCode::invalid_argument, "`work`: {} is no work that is made", printable(word, 80));
      word = server_.service().store().place_of(*receipt).string();
    }
    if (!word.empty()) places.push_back(std::move(word));
  }
  words.emplace_back("--");
  words.emplace_back();  // the community's file
  words.insert(words.end(), places.begin(), places.end());
  return words;
}

Result<Json> Communities::act(const HttpRequest& request, const ApiServer::Caller& caller) const {
  PTAH_TRY(const Json body, body_of_request(request));
  PTAH_TRY(const fs::path file, file_of(request.parts[0]));
  const auto& all = community_actions();
  const auto action = std::find_if(all.begin(), all.end(), [&](const CommunityAction& one) { return one.name == request.parts[1]; });
  if (action == all.end()) return fail(ErrorCode::not_found, "nobody does '{}' in a community", printable(request.parts[1], 80));
  PTAH_TRY(const Sender who, sender_in(body));
  PTAH_TRY_VOID(needed_chain());
  PTAH_TRY(std::vector<std::string> words, words_of(*action, body, caller));
  const auto end = std::find(words.begin(), words.end(), std::string("--"));
  *(end + 1) = file.string();
  const std::vector<std::string> sending = who.words();
  words.insert(end, sending.begin(), sending.end());
  PTAH_TRY(CommandAnswer said, run_own_command(program(), words, who.passphrase));
  return Json{{"object", "transactions"}, {"sent", who.wallet.empty()}, {"data", std::move(said.lines)}};
}

}  // namespace

void add_community_routes(ApiServer& server) {
  using In = HttpRequest;
  using Who = ApiServer::Caller;
  constexpr size_t kMaxBody = 64 << 10;
  const auto here = std::make_shared<Communities>(server);
  const auto add = [&](const char* method, const char* path, ApiServer::Needs needs, std::function<Result<Json>(const In&, const Who&)> f, int status = 200) {
    server.add(
        method, path, needs,
        [&server, f = std::move(f), status](const In& in, const Who& who) {
          if (auto refusal = only_single_user(server)) return *refusal;
          return json_answer(guard([&] { return f(in, who); }), status);
        },
        kMaxBody);
  };
  add("GET", "/v1/communities", ApiServer::Needs::looking, [here](const In&, const Who&) { return here->all_communities(); });
  add(
      "POST", "/v1/communities", ApiServer::Needs::making,
      [here](const In& in, const Who&) -> Result<Json> {
        PTAH_TRY(const Json body, body_of_request(in));
        return here->found_or_take(body);
      },
      201);
  add("GET", "/v1/communities/{}", ApiServer::Needs::looking, [here](const In& in, const Who&) { return here->show(in); });
  add("POST", "/v1/communities/{}/{}", ApiServer::Needs::making, [here](const In& in, const Who& who) { return here->act(in, who); });
}

}  // namespace ptah
