# Script: writes OUTPUT, a C++ file with the SHA-256 of the contents of FILES ('|' between them), in their order.
string(REPLACE "|" ";" files "${FILES}")
set(sums "")
foreach(path IN LISTS files)
  file(SHA256 ${path} sum)
  string(APPEND sums "${sum}\n")
endforeach()
string(SHA256 all "${sums}")
file(WRITE ${OUTPUT}.new
"// Generated from the sources.
#include \"study/program_fingerprint.hpp\"

namespace mfusim {
std::string program_fingerprint() {
  return \"${all}\";
}
}  // namespace mfusim
")
file(RENAME ${OUTPUT}.new ${OUTPUT})
