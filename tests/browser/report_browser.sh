#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Opens reports in a headless chromium, in a frame of the width to test, and lets checks.js look at them.
# usage: report_browser.sh MFUSIM   (from the root of the sources; 77: skipped)
set -euo pipefail

mfusim=$1
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [[ -z $browser ]]; then
  echo "skipped: no chromium here (Debian: apt-get install chromium); reports were not tried in a browser"
  exit 77
fi
folder=$(mktemp -d "${TMPDIR:-/tmp}/mfusim_browser_XXXXXX")
cp "$(dirname "$0")/checks.js" "$folder"
trap 'rm -rf "$folder"' EXIT
status=0

browse() {  # ARGUMENTS...: the page that chromium ends up with; what it says goes to $folder/log
  HOME=$folder timeout 60 "$browser" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir="$folder/profile" \
    --allow-file-access-from-files --enable-logging=stderr --window-size=1400,1000 "$@" 2>"$folder/log"
}

# NAME WIDTH CHECKS [chromium options]: opens $folder/NAME.html beside its answer $folder/NAME.json
try() {
  local name=$1 width=$2 wanted=$3 findings
  shift 3
  {
    printf '<!DOCTYPE html><meta charset="utf-8"><body data-checks="%s">\n' "$wanted"
    printf '<script type="application/json" id="expected">%s</script>\n' "$(sed 's/</\\u003c/g' "$folder/$name.json")"
    printf '<pre id="findings">the checks did not run</pre>\n<script src="checks.js"></script>\n'
    printf '<iframe style="width:%spx;height:900px;border:0" src="%s.html" onload="check(this)"></iframe>\n' "$width" "$name"
  } >"$folder/frame.html"
  findings=$(browse "$@" --dump-dom "file://$folder/frame.html" | tr '\n' ' ' | sed 's/.*<pre id="findings">//; s/<\/pre>.*//')
  echo "$name at $width pixels $*: ${findings:-the browser did not answer}"
  if [[ $findings != "findings: none" ]]; then
    status=1
  fi
  if grep CONSOLE "$folder/log"; then
    echo "$name: the page has written to the console"
    status=1
  fi
}

# NAME ARGUMENTS...: a report and the JSON answer beside it
ask() {
  local name=$1
  shift
  "$mfusim" "$@" --format json --report "$folder/$name.html" >"$folder/$name.json"
  if (($(stat -c %s "$folder/$name.html") > 2000000)); then
    echo "$name: the report is larger than 2 MB"
    status=1
  fi
}

dark=--blink-settings=preferredColorScheme=0
ask run run scenarios/clip-l14-336-a100x8.yaml
try run 1280 "page run table timeline light"
try run 390 "page run timeline"
try run 390 "page dark" "$dark"

ask pipeline run scenarios/megascale-175b-megascale.yaml
try pipeline 1280 "page run details"

hostile='<img src=x onerror=hacked=1>"'\''&amp;'
long=$(printf 'x%.0s' {1..10000})
sed "s|^stack:|measured: {iteration_time: 1 s, source: \"</script><script>hacked=1</script>$long\"}\nstack:|" \
  scenarios/clip-l14-336-a100x8.yaml >"$folder/$hostile.yaml"
ask hostile run "$folder/$hostile.yaml"
try hostile 1280 "page run hostile"
try hostile 390 "page hostile"

ask flops flops openai/clip-vit-large-patch14-336 --batch 128 --text-length 64
try flops 1280 "page flops"
try flops 390 "page"

ask validate validate scenarios/megascale-175b-megascale.yaml scenarios/megascale-175b-megatron.yaml scenarios/clip-h14-laion-a100x824.yaml
try validate 1280 "page validate"
try validate 390 "page"

ask sweep sweep scenarios/sweep-clip-l14-336.yaml --quiet
try sweep 1280 "page sweep"
try sweep 390 "page"

ask split split scenarios/split-eva02-bige-h800x64.yaml
try split 1280 "page split"
try split 390 "page"

ask ablate ablate scenarios/ablation-175b-a100x256.yaml
try ablate 1280 "page ablate"
try ablate 390 "page"

ask explain explain scenarios/clip-l14-336-a100x8.yaml
try explain 1280 "page explain"
try explain 390 "page"

ask diff diff scenarios/megascale-175b-megatron.yaml scenarios/megascale-175b-megascale.yaml
try diff 1280 "page diff"
try diff 390 "page"

# a step of a million tasks: what cannot be seen is drawn as one
ask million run scenarios/megascale-175b-megascale.yaml --set training.global_batch=768
try million 1280 "page run timeline details"

exit $status
