#!/bin/sh
# Runs the flow with its memory in the folder $1, which is made ready the first time.
set -eu
state=$1
if ! ls "$state"/part-*.sqlite3 >/dev/null 2>&1; then
	python -m bytewax.recovery "$state" 1
fi
# A snapshot after every epoch (-s 1: one a second), old ones removed at once (-b 0).
exec python -m bytewax.run flows.proxy -r "$state" -s 1 -b 0
