// Prompts by the WebUI's rules: numbers in brackets, BREAK, windows and their weights; and what is not computed is named. The WebUI's results were worked out
// by its published expression for weights, with Python's re.
#include "text/prompt/prompt_syntax.h"

#include <gtest/gtest.h>

#include "tests/image/diffusion_goldens.h"
#include "text/tokenize/clip_tokenizer.h"

namespace ptah {

namespace {

std::string shown(std::string_view prompt, int64_t rules = 2) {
  std::string out;
  for (const WeightedText& part : weighted_parts(prompt, rules)) out += part.breaks ? "BREAK|" : fmt::format("{}*{:.4g}|", part.text, part.weight);
  return out;
}

}  // namespace

TEST(Prompt, NumbersInBracketsAreReadAsByTheWebui) {
  const std::pair<const char*, const char*> cases[] = {
      {"(a:1.3)", "a*1.3|"},
      {"(a: 1.3 )", "a*1.3|"},
      {"(a:+1.3)", "a*1.3|"},
      {"(a:-1)", "a*-1|"},
      {"(a:0)", "a*0|"},
      {"(a:20)", "a*20|"},
      {"(a:.5)", "a*0.5|"},
      {"(a:1.)", "a*1|"},
      {"(a:1e3)", "a:1e3*1.1|"},
      {"(a:1,3)", "a:1,3*1.1|"},
      {"(a:1.3", "a:1.3*1.1|"},
      {"(a:b:1.2)", "a:b*1.2|"},
      {"a:1.3)", "a:1.3)*1|"},
      {"(a (b:1.5) c:2)", "a *2|b*3| c*2|"},
      {"((a))", "a*1.21|"},
      {"[a]", "a*0.9091|"},
      {"[[a]", "a*0.8264|"},
      {"[a:1.5]", "a:1.5*0.9091|"},
      {"[(a:1.5)]", "a*1.364|"},
      {"([a)]", "a*1|"},  // round and square brackets are counted apart
      {"(a]:2)", "a]*2|"},
      {"\\(a\\)", "(a)*1|"},
      {"(\\(a\\):1.5)", "(a)*1.5|"},
      {"a\\\\b", "a\\b*1|"},
      {"a\\b", "ab*1|"},  // a lone backslash vanishes
      {"a (b:1) c", "a b c*1|"},
      {"(a)(b)", "ab*1.1|"},
      {"()", ""},
      {"a ) b", "a ) b*1|"},
      {"(a\n:1.3)", "a\n*1.3|"},
  };
  for (const auto& [prompt, wanted] : cases) EXPECT_EQ(shown(prompt), wanted) << prompt;
  EXPECT_THROW((void)weighted_parts("(a:1.2.3)"), Failure) << "the WebUI stops there too";
  EXPECT_EQ(shown("(a:20)", 1), "a:20*1.1|") << "receipts of earlier versions keep their rules";
  EXPECT_EQ(shown("a (b:1) c", 1), "a *1|b*1| c*1|");
}

TEST(Prompt, BreakIsAWord) {
  EXPECT_EQ(shown("a BREAK b"), "a*1|BREAK|b*1|");
  EXPECT_EQ(shown("a,BREAK,b"), "a,*1|BREAK|,b*1|");
  EXPECT_EQ(shown("BREAKFAST on a BREAKWATER"), "BREAKFAST on a BREAKWATER*1|");
  EXPECT_EQ(shown("a DAYBREAK, NO_BREAK, éBREAK BREAK7 break"), "a DAYBREAK, NO_BREAK, éBREAK BREAK7 break*1|");
  EXPECT_EQ(shown("BREAK"), "BREAK|");
  EXPECT_EQ(shown("(a BREAK b:1.5)"), "a*1.5|BREAK|b*1.5|");
  const auto tokenizer = value_or_throw(ClipTokenizer::parse(golden_json("words")["merges"].get<std::string>()));
  EXPECT_EQ(clip_windows(tokenizer, "BREAKFAST", 0).ids.size(), 1U);
  EXPECT_EQ(clip_windows(tokenizer, "BREAKFAST", 0, 1, {}, 1).ids.size(), 2U) << "as earlier versions cut it";
  EXPECT_EQ(clip_windows(tokenizer, "a BREAK b", 0).ids.size(), 2U);
}

TEST(Prompt, WindowsEndAtACommaThatIsNear) {
  const auto tokenizer = value_or_throw(ClipTokenizer::parse(golden_json("words")["merges"].get<std::string>()));
  const auto held = [&](int before, int behind, int64_t rules) {
    std::string prompt;
    for (int i = 0; i < before; ++i) prompt += "1 ";
    prompt += ", ";
    for (int i = 0; i < behind; ++i) prompt += "2 ";
    const ClipWindows made = clip_windows(tokenizer, prompt, 7, 1, {}, rules);
    std::vector<int64_t> out;
    for (const auto& ids : made.ids) out.push_back(std::find(ids.begin(), ids.end(), tokenizer.end()) - ids.begin() - 1);
    return out;
  };
  EXPECT_EQ(held(60, 20, 2), (std::vector<int64_t>{61, 20})) << "14 tokens behind the comma move";
  EXPECT_EQ(held(50, 40, 2), (std::vector<int64_t>{75, 16})) << "24 do not";
  EXPECT_EQ(held(60, 14, 2), (std::vector<int64_t>{75})) << "nothing that fits is moved";
  EXPECT_EQ(held(60, 20, 1), (std::vector<int64_t>{75, 6}));
}

TEST(Prompt, WhatIsNotComputedIsNamed) {
  const auto refused = [](const char* prompt) {
    const auto checked = check_prompt(prompt, "the prompt");
    return checked ? std::string() : checked.error().message;
  };
  const std::pair<const char*, const char*> wrong[] = {
      {"a [cat:dog:0.5]", "'[cat:dog:0.5]' changes the words at a step"},
      {"a [cat::10]", "'[cat::10]'"},
      {"a [:dog:0.3]", "prompt editing"},
      {"a [dog:0.3]", "prompt editing"},
      {"a [(red:1.2) dog:blue dog: 5 ]", "prompt editing"},
      {"a ([cat:dog:0.5]:1.2)", "prompt editing"},
      {"a [cat|dog] in a [hat]", "'[cat|dog]' alternates"},
      {"a {red|blue} fox", "'{red|blue}' chooses"},
      {"a __colour__ fox", "'__colour__' stands for"},
      {"__animals/big-cats__", "wildcard"},
      {"a <lora:fox:0.8>", "'<lora:fox:0.8>' names a LoRA"},
      {"<hypernet:x:1>", "'<hypernet:x:1>'"},
      {"a fox ADDCOL a dog", "'ADDCOL' parts the picture"},
      {"a fox\nADDCOMM a dog", "ADDCOMM"},
      {"a embedding:easynegative fox", "'embedding:easynegative'"},
  };
  for (const auto& [prompt, part] : wrong) {
    EXPECT_NE(refused(prompt).find(part), std::string::npos) << prompt << ": " << refused(prompt);
    EXPECT_EQ(refused(prompt).rfind("the prompt: ", 0), 0U);
  }
  for (const char* fine : {"a [red] fox", "[a:b]", "a \\[cat:dog:0.5\\]", "[\\(a\\):b]", "a | b", "(a|b:1.2)", "snake_case and a__b", "____", "1 < 2 and 3 > 2",
                           "<3", "ratio 16:9", "[at 16\\:9:x]", "C++20", "SAND", "ADDCOLUMN", "a [fox (1:2)]"}) {
    EXPECT_EQ(refused(fine), "") << fine;
    EXPECT_TRUE(value_or_throw(check_prompt(fine, "x")).empty()) << fine;
  }
  const std::pair<const char*, const char*> noted[] = {{"a cat AND a dog", "AND is painted as a word"},
                                                       {"a {red} fox", "'{red}' is painted as words"},
                                                       {"(a fox)++", "')++'"},
                                                       {"(\"a\", \"b\").blend(0.5, 0.5)", "').blend('"}};
  for (const auto& [prompt, part] : noted) {
    const auto notes = check_prompt(prompt, "the prompt");
    ASSERT_TRUE(notes && notes->size() == 1) << prompt;
    EXPECT_NE((*notes)[0].find(part), std::string::npos) << (*notes)[0];
  }
  std::string deep(100000, '[');
  EXPECT_TRUE(check_prompt(deep, "x"));
  EXPECT_TRUE(check_prompt(std::string(50000, '(') + std::string(50000, ')'), "x"));
  EXPECT_EQ(refused("a [c\x1b[31m|d]").find('\x1b'), std::string::npos);
}

}  // namespace ptah
