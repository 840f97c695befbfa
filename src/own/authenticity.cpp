#include "own/authenticity.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <ctime>

#include "media/label.h"
#include "media/sound/sound_encoder.h"
#include "media/sound/sound_rate.h"
#include "media/sound/sound_watermark.h"
#include "media/wav.h"
#include "own/certificate.h"
#include "pixels/watermark.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

/// Whether a file's bytes are among the outputs of a receipt.
bool lists_output(const Json& receipt, const fs::path& file) {
  const auto bytes = read_file(file);
  const Json outputs = receipt.value("outputs", Json());
  return bytes && outputs.is_object() && std::any_of(outputs.begin(), outputs.end(), [&](const Json& id) { return has_id(*bytes, id); });
}

constexpr double kHeardSeconds = 60;
constexpr size_t kMaxHeardSamples = size_t{1} << 24;  ///< samples of all channels

/// Of a WAV file of 16 bits, or Opus. Errors: corrupt.
Result<bool> has_sound_mark(std::span<const uint8_t> bytes) {
  const auto heard = [&]() -> Result<WavSound> {
    if (is_wav(bytes)) return decode_wav(bytes, kMaxHeardSamples);
    PTAH_TRY(OpusSound sound, decode_opus(bytes, kHeardSeconds, kMarkedRate));
    return WavSound{std::move(sound.samples), kMarkedRate, sound.channels};
  }();
  if (!heard && heard.error().code == ErrorCode::unsupported) return false;
  if (!heard) return tl::unexpected(heard.error());
  return find_sound_mark(one_channel(heard->samples, heard->channels), heard->rate).found();
}

/// A single file: a picture or object of Ptah, or anybody's.
Result<void> look_at_file(const fs::path& file, const Trust& trust, Facts& out) {
  const auto work = verify_work(file);
  auto credentials = check_credentials(file, trust.anchors, std::time(nullptr));
  if (!work && !credentials) return tl::unexpected(credentials.error());
  CheckedFile checked{{file.filename().string(), FileState::whole, ""}, {}};
  if (*credentials) checked.credentials = std::move(**credentials);
  if (work) {
    out.of_ptah = true;
    checked.file = work->files.front();
    if (auto inside = read_receipt(file)) out.receipt = std::move(*inside);
  } else if (!checked.credentials) {
    if (work.error().code == ErrorCode::corrupt) return tl::unexpected(work.error());
    PTAH_TRY(const Bytes bytes, read_file(file));
    out.claims = claimed_source_term({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    if (is_wav(bytes) || is_ogg(bytes)) {
      PTAH_TRY(out.marked_sound, has_sound_mark(bytes));
      out.files.push_back(std::move(checked));
      return {};
    }
    const auto picture = read_image(file);
    if (!picture && picture.error().code == ErrorCode::corrupt) return tl::unexpected(picture.error());
    constexpr int64_t kMaxPixels = int64_t{1} << 25;
    if (picture && int64_t{picture->width} * picture->height <= kMaxPixels)
      if (const auto mark = find_watermark(*picture)) out.watermark = fmt::format("{:08x}", mark->id);
  }
  // The manifest holds the receipt as it was signed.
  if (const auto& held = checked.credentials; held && held->whole && check_maker(held->receipt).has_signature) {
    out.of_another = !lists_output(held->receipt, file);
    if (!out.of_another) out.receipt = held->receipt, out.of_ptah = true;
  }
  out.files.push_back(std::move(checked));
  return {};
}

Result<void> look_at_folder(const fs::path& path, const Trust& trust, Facts& out) {
  PTAH_TRY(Verification work, verify_work(path));
  PTAH_TRY(out.receipt, read_receipt(path));
  out.of_ptah = true;
  out.uncovered = std::move(work.uncovered);
  const fs::path folder = folder_of_work(path);
  for (FileCheck& check : work.files) {
    CheckedFile checked{std::move(check), {}};
    if (checked.file.state == FileState::whole) {
      PTAH_TRY(checked.credentials, check_credentials(folder / checked.file.name, trust.anchors, std::time(nullptr)));
    }
    out.files.push_back(std::move(checked));
  }
  return {};
}

}  // namespace

Result<Trust> read_trust(const std::vector<std::string>& given) {
  Trust out;
  for (const std::string& one : given) {
    if (one.starts_with("0x")) {
      PTAH_TRY(const Address maker, parse_address(one));
      out.makers.push_back(maker);
    } else {
      PTAH_TRY(const auto certificates, read_certificates(one));
      out.anchors.insert(out.anchors.end(), certificates.begin(), certificates.end());
    }
  }
  return out;
}

Result<Facts> look_at(const fs::path& path, const Trust& trust) {
  Facts out;
  std::error_code problem;
  if (!fs::exists(path, problem)) return fail(ErrorCode::not_found, "{} does not exist", path.string());
  const bool folder = fs::is_directory(path, problem);
  if (!folder && !fs::is_regular_file(path, problem)) return fail(ErrorCode::invalid_argument, "{} is no regular file", path.string());
  PTAH_TRY_VOID(folder || path.extension() == ".json" ? look_at_folder(path, trust, out) : look_at_file(path, trust, out));
  out.maker = check_maker(out.receipt);
  if (out.maker.maker) {
    for (const KeyInfo& key : trust.keys)
      if (key.address == *out.maker.maker) out.key = key.name;
    out.maker_trusted = !out.key.empty() || std::find(trust.makers.begin(), trust.makers.end(), *out.maker.maker) != trust.makers.end();
  }
  return out;
}

namespace {

/// What is wrong, a few words each.
std::vector<std::string> faults(const Facts& facts) {
  std::vector<std::string> out, changed;
  for (const CheckedFile& one : facts.files) {
    if (one.file.state == FileState::missing) out.push_back(one.file.name + " is missing");
    if (one.file.state == FileState::changed || (one.credentials && !one.credentials->whole)) changed.push_back(one.file.name);
  }
  const bool is_signed = facts.maker.maker || std::any_of(facts.files.begin(), facts.files.end(), [](const auto& one) { return one.credentials; });
  const char* since = is_signed ? "signed" : "made";
  if (changed.size() > 3) out.push_back(fmt::format("{} and {} more files changed since they were {}", changed[0], changed.size() - 1, since));
  if (changed.size() == 1) out.push_back(fmt::format("{} changed since it was {}", changed[0], since));
  if (changed.size() == 2 || changed.size() == 3) out.push_back(fmt::format("{} changed since they were {}", fmt::join(changed, ", "), since));
  if (facts.maker.has_signature && !facts.maker.maker) out.push_back("the receipt changed since it was signed, or somebody else signed it");
  if (facts.of_another) out.push_back("its content credentials are those of another work");
  return out;
}

/// Whether somebody whom the user trusts vouches for all of it with a certificate.
bool certified(const Facts& facts) {
  return std::any_of(facts.files.begin(), facts.files.end(), [&](const CheckedFile& one) {
    const bool good = one.credentials && one.credentials->whole && one.credentials->chain.trusted;
    return good && (facts.files.size() == 1 || one.credentials->receipt == facts.receipt);  // the receipt covers the other files
  });
}

}  // namespace

VerdictInfo info_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::trusted:
      return {"trusted", 0};
    case Verdict::valid:
      return {"valid", 11};
    case Verdict::unknown:
      return {"unknown", 12};
    case Verdict::changed:
      break;
  }
  return {"changed", error_info(ErrorCode::mismatch).exit_status};
}

std::pair<Verdict, std::string> verdict_of(const Facts& facts) {
  if (const auto wrong = faults(facts); !wrong.empty()) return {Verdict::changed, fmt::format("NOT AUTHENTIC: {}", fmt::join(wrong, "; "))};
  const auto credentials = std::find_if(facts.files.begin(), facts.files.end(), [](const CheckedFile& one) { return one.credentials.has_value(); });
  const std::string more = facts.uncovered.empty() ? "" : fmt::format("; {} beside it not covered", facts.uncovered.size());
  if (facts.maker_trusted)
    return {Verdict::trusted, fmt::format("AUTHENTIC: whole, signed by {}{}", to_string(*facts.maker.maker),
                                          facts.key.empty() ? ", whom you trust" : ", your key '" + facts.key + "'") +
                                  more};
  if (certified(facts)) return {Verdict::trusted, "AUTHENTIC: whole, certified by an authority on your trust list" + more};
  if (facts.maker.maker)
    return {Verdict::valid, fmt::format("VALID, NOT TRUSTED: whole, signed by {}, which is none of your keys", to_string(*facts.maker.maker)) + more};
  if (credentials != facts.files.end())
    return {Verdict::valid, "VALID, NOT TRUSTED: whole, signed with a certificate of an authority that is not on your trust list (`trust`)" + more};
  if (facts.of_ptah) return {Verdict::valid, "VALID, NOT SIGNED: whole as its receipt has it, but anybody could have written that receipt" + more};
  return {Verdict::unknown, "UNKNOWN: no content credentials and no receipt of Ptah, so nothing says where it comes from or whether it was changed"};
}

}  // namespace ptah
