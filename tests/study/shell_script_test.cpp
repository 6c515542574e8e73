// SPDX-License-Identifier: Apache-2.0
#include "study/shell_script.hpp"

#include "base/input_error.hpp"
#include "tests/catch.hpp"

namespace {

using namespace mfusim;
using Words = std::vector<std::string>;

/// The words of the last command.
Words words_of(const std::string& script) {
  Words words;
  const std::vector<ShellCommand> commands = shell_commands(script, "s.sh");
  for (const ShellWord& word : commands.empty() ? ShellCommand{} : commands.back()) words.push_back(word.text);
  return words;
}

/// Why the last word of the last command is not known.
std::string reason(const std::string& script) {
  return shell_commands(script, "s.sh").back().back().unknown;
}

}  // namespace

TEST_CASE("a script's words are those that the shell would hand over", "[unit]") {
  CHECK(words_of("run --a 1 \\\n  --b 2 # --c 3\n") == Words{"run", "--a", "1", "--b", "2"});
  CHECK(words_of("# --a 1\nrun '--b 2' \"--c 3\" --d=\"4 5\"") == Words{"run", "--b 2", "--c 3", "--d=4 5"});
  CHECK(words_of("A=8\nB=${A}0\nrun $A ${B}x \"$A\"'$A'") == Words{"run", "8", "80x", "8$A"});
  CHECK(words_of("A=(\n --a 1 # no\n --b \"2\"\n)\nA+=(--c)\nrun ${A[@]}") == Words{"run", "--a", "1", "--b", "2", "--c"});
  CHECK(words_of("A=\"\n --a 1 \\\n --b 2\n\"\nrun $A") == Words{"run", "--a", "1", "--b", "2"});
  CHECK(words_of("A=\"--a 1\"; A=\"$A --b 2\"\nrun \"${A}\"") == Words{"run", "--a 1 --b 2"});
  CHECK(words_of("B=3\nrun ${A:-8} ${B:-8} ${C:-$B}") == Words{"run", "8", "3", "3"});
  CHECK(words_of("export A=8\nX=1 run $A") == Words{"run", "8"});
  CHECK(words_of("A='run --a 1'\nsh -c \"$A --b 2\"") == Words{"sh", "-c", "run", "--a", "1", "--b", "2"});
  CHECK(words_of("A='run --a 1'\neval \"$A\"") == Words{"eval", "run", "--a", "1"});
  CHECK(words_of("").empty());
}

TEST_CASE("what the script alone does not say stays as written, with the reason", "[unit]") {
  CHECK(words_of("run $A") == Words{"run", "$A"});
  CHECK(reason("run $A") == "A is not set in this file");
  CHECK(reason("A=$1\nrun $A") == "it is an argument of the script");
  CHECK(reason("A=$((8 * (2 + 1)))\nrun $A") == "the shell computes it");
  CHECK(reason("run ${A%%.*}") == "the shell computes it");
  CHECK(reason("run `nproc`") == "the shell computes it");
  CHECK(reason("if [ -z x ]; then\n  A=8\nfi\nrun $A") == "A is set under a condition, on line 2");
  CHECK(reason("[ -z x ] && A=8\nrun $A") == "A is set under a condition, on line 1");
  CHECK(reason("for A in 1 2; do B=1; done\nA=8\nrun $A").empty());
}

TEST_CASE("a word out of a variable has the line on which it was written", "[unit]") {
  const auto commands = shell_commands("A=(\n --a\n --b 2\n)\n\nrun ${A[@]}", "s.sh");
  const ShellCommand& run = commands.back();
  REQUIRE(run.size() == 4);
  CHECK(run[0].line == 6);
  CHECK(run[1].line == 2);
  CHECK(run[3].line == 3);
}

TEST_CASE("variables that grow without end are refused", "[unit]") {
  std::string script = "A=aaaaaaaaaa\n";
  for (int i = 0; i < 40; ++i) script += "A=$A$A\n";
  CHECK_THROWS_AS(shell_commands(script, "s.sh"), InputError);
  for (const char* broken : {"A=(", "\"", "'", "${", "$(", "`", "\\", "=", "A+=", "fi fi", ";;&&||", "${A[@"}) {
    CAPTURE(broken);
    CHECK_NOTHROW(shell_commands(broken, "s.sh"));
  }
}
