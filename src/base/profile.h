// Where the time goes, by kind of operation: operations say what they are, and a profile adds up how long the outermost ones took.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ptah {

struct ProfileEntry {
  std::string kind;
  int64_t calls = 0, flops = 0;
  double seconds = 0;
};

/// While one lives, operations of this process are added up (packing of weights counts with the operation that first uses them).
class Profile {
 public:
  Profile();
  ~Profile();
  Profile(const Profile&) = delete;
  Profile& operator=(const Profile&) = delete;
  /// What was added up so far, the longest first.
  std::vector<ProfileEntry> entries() const;
};

/// Marks an operation from its beginning to the end of the scope. Inside another one it counts for nothing.
class Operation {
 public:
  explicit Operation(const char* kind);
  ~Operation();
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;

 private:
  const char* kind_ = nullptr;  ///< null: not measured
  int64_t flops_ = 0, began_ = 0;
};

}  // namespace ptah
