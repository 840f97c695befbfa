// Keys of other wallets: the test vectors of the Web3 Secret Storage definition, and files that are not what they should be.
#include "own/keystore_v3.h"

#include <gtest/gtest.h>

#include <chrono>

#include "base/sha256.h"
#include "base/json.h"

namespace ptah {
namespace {

const char* const kSecret = "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d";

Json pbkdf2_file() {
  return Json::parse(R"({"crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":"6087dab2f9fdbbfaddc31a909735c1e6"},
    "ciphertext":"5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46","kdf":"pbkdf2",
    "kdfparams":{"c":262144,"dklen":32,"prf":"hmac-sha256","salt":"ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd"},
    "mac":"517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2"},"id":"3198bc9c-6672-5ab3-d995-4942343ae5b6","version":3})");
}

Json scrypt_file() {
  return Json::parse(R"({"crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":"83dbcc02d8ccb40e466191a123791e0e"},
    "ciphertext":"d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c","kdf":"scrypt",
    "kdfparams":{"dklen":32,"n":262144,"p":8,"r":1,"salt":"ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19"},
    "mac":"2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097"},"id":"3198bc9c-6672-5ab3-d995-4942343ae5b6","version":3})");
}

Result<Key> open(const Json& file, std::string_view passphrase = "testpassword") { return open_v3_keystore(file.dump(), Secret(passphrase)); }

TEST(Keystore, TheVectorsOfTheDefinitionOpen) {
  for (const Json& file : {pbkdf2_file(), scrypt_file()}) {
    EXPECT_TRUE(is_v3_keystore(file.dump()));
    const auto key = open(file);
    ASSERT_TRUE(key) << key.error().message;
    EXPECT_EQ(ptah::hex(key->secret().bytes()), kSecret);
  }
}

TEST(Keystore, AWrongPassphraseAndAChangedFileAreSaid) {
  Json file = pbkdf2_file();
  file["crypto"]["kdfparams"]["c"] = 1000;
  EXPECT_EQ(open(file).error().code, ErrorCode::permission);
  EXPECT_EQ(open(pbkdf2_file(), "testpasswore").error().code, ErrorCode::permission);
  EXPECT_EQ(open(pbkdf2_file(), "").error().code, ErrorCode::permission);
  file = pbkdf2_file();
  file["crypto"]["ciphertext"] = "5418b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46";
  EXPECT_EQ(open(file).error().code, ErrorCode::permission);
  file = pbkdf2_file();
  file["address"] = "008aeeda4d805471df9b2a5b0f38a0c3bcba786b";
  EXPECT_TRUE(open(file));
  file["address"] = "0000000000000000000000000000000000000001";
  EXPECT_EQ(open(file).error().code, ErrorCode::mismatch);
}

TEST(Keystore, WhatItAsksForIsBoundedBeforeItIsComputed) {
  const auto start = std::chrono::steady_clock::now();
  const auto with = [](Json file, const char* name, const Json& value) {
    file["crypto"]["kdfparams"][name] = value;
    return open(file);
  };
  for (const Json& n : {Json(uint64_t{1} << 40), Json(uint64_t{1} << 63), Json(1 << 24)})
    EXPECT_EQ(with(scrypt_file(), "n", n).error().code, ErrorCode::unsupported);
  for (const char* name : {"r", "p"})
    for (const Json& value : {Json(1 << 30), Json(uint64_t{1} << 62), Json(UINT64_MAX)})
      EXPECT_EQ(with(scrypt_file(), name, value).error().code, ErrorCode::unsupported) << name << value;
  EXPECT_EQ(with(pbkdf2_file(), "c", 2000000000).error().code, ErrorCode::unsupported);
  EXPECT_EQ(with(pbkdf2_file(), "c", UINT64_MAX).error().code, ErrorCode::unsupported);
  EXPECT_EQ(with(pbkdf2_file(), "prf", "hmac-md5").error().code, ErrorCode::unsupported);
  for (const Json& bad : {Json(0), Json(-1), Json(1.5), Json("262144"), Json()}) {
    EXPECT_EQ(with(pbkdf2_file(), "c", bad).error().code, ErrorCode::corrupt) << bad;
    EXPECT_EQ(with(scrypt_file(), "n", bad).error().code, ErrorCode::corrupt) << bad;
  }
  EXPECT_EQ(with(scrypt_file(), "n", 262143).error().code, ErrorCode::corrupt) << "no power of two";
  EXPECT_EQ(with(scrypt_file(), "dklen", 64).error().code, ErrorCode::unsupported);
  EXPECT_EQ(with(scrypt_file(), "salt", std::string(4096, 'a')).error().code, ErrorCode::corrupt);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2)) << "nothing was computed";
}

TEST(Keystore, OtherFilesAreNone) {
  for (const char* text :
       {"", "{}", "[]", "3", "{\"version\":3}", "{\"version\":1,\"crypto\":{}}", "{\"version\":3,\"crypto\":[]}", "{\"version\":\"3\",\"crypto\":{}}"})
    EXPECT_FALSE(is_v3_keystore(text)) << text;
  for (const char* member : {"cipher", "cipherparams", "ciphertext", "kdf", "kdfparams", "mac"}) {
    Json file = pbkdf2_file();
    file["crypto"].erase(member);
    EXPECT_FALSE(open(file)) << member;
    for (const Json& bad : {Json(1), Json(Json::array()), Json("zz"), Json("")}) {
      file["crypto"][member] = bad;
      EXPECT_FALSE(open(file)) << member << bad;
    }
  }
}

}  // namespace
}  // namespace ptah
