#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes the pictures of README.md and docs/ anew: reports of shipped scenarios, rendered by a headless chromium.
# usage: docs/pictures/make.sh [MFUSIM]   (default: the release build; needs chromium, and pngquant or not)
set -euo pipefail
cd "$(dirname "$0")/../.."

mfusim=${1-build/release/bin/mfusim}
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
folder=$(mktemp -d "${TMPDIR:-/tmp}/mfusim_pictures_XXXXXX")
trap 'rm -rf "$folder"' EXIT

# NAME PAGE ELEMENT WIDTH HEIGHT: a picture of $folder/PAGE.html from just above the element on
picture() {
  local name=$1 page=$2 anchor=$3 width=$4 height=$5
  cat >"$folder/frame.html" <<HTML
<!DOCTYPE html><meta charset="utf-8"><style>body { margin: 0; overflow: hidden } iframe { border: 0; width: ${width}px; height: 12000px }</style>
<iframe src="$page.html" onload="const at = this.contentDocument.querySelector('$anchor'); this.style.marginTop = (20 - at.getBoundingClientRect().top) + 'px'"></iframe>
HTML
  HOME=$folder "$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars --allow-file-access-from-files --user-data-dir="$folder/profile" \
    --window-size="$width,$height" --screenshot="$folder/$name.png" "file://$folder/frame.html" 2>/dev/null
  if command -v pngquant >/dev/null; then pngquant --force --output "$folder/$name.png" 64 "$folder/$name.png"; fi
  cp "$folder/$name.png" "docs/pictures/$name.png"
  echo "docs/pictures/$name.png: $(stat -c %s "docs/pictures/$name.png") bytes"
}

"$mfusim" run scenarios/megascale-175b-megascale.yaml --report "$folder/pipeline.html" >/dev/null
"$mfusim" run scenarios/clip-l14-336-a100x8.yaml --report "$folder/run.html" >/dev/null
"$mfusim" flops openai/clip-vit-large-patch14-336 --batch 128 --text-length 64 --report "$folder/flops.html" >/dev/null
"$mfusim" validate scenarios/published --report "$folder/validate.html" >/dev/null 2>&1

picture run run header 1100 945
picture timeline pipeline '#timeline_ranks' 1100 930
picture roofline run '#roofline' 1100 535
picture flops flops '#layers' 1100 700
picture validate validate '#runs' 1100 588
