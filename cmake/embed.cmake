# Script: writes OUTPUT, a C++ file with the contents of FILES ('|' between them) as string literals.
string(REPLACE "|" ";" files "${FILES}")
set(entries "")
foreach(path IN LISTS files)
  get_filename_component(name ${path} NAME)
  file(READ ${path} bytes HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" escaped "${bytes}")
  string(LENGTH "${bytes}" digits)
  math(EXPR length "${digits} / 2")
  string(APPEND entries "      {\"${name}\", std::string_view(\"${escaped}\", ${length})},\n")
endforeach()
file(WRITE ${OUTPUT}.new
"// Generated from the files it holds.
#include <map>
#include <string_view>

namespace mfusim::embedded {
const std::map<std::string_view, std::string_view>& ${SYMBOL}();
const std::map<std::string_view, std::string_view>& ${SYMBOL}() {
  static const std::map<std::string_view, std::string_view> files{
${entries}  };
  return files;
}
}  // namespace mfusim::embedded
")
file(RENAME ${OUTPUT}.new ${OUTPUT})
