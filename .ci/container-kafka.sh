#!/usr/bin/env bash
# Proves that the tests' way to Kafka through testcontainers works: starts a container engine of its own (podman),
# runs the tests marked `container` against it and stops it again. Needs root on a Debian, which it leaves with
# podman installed. The image is made on the spot, since no registry of images may be within reach, and kept in
# ~/.cache/winnow-ci/ for the next time.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
here=$PWD/.ci
cache=${XDG_CACHE_HOME:-$HOME/.cache}/winnow-ci

install_missing() {
	local package missing=()
	for package in podman runc slirp4netns debootstrap; do
		if ! dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed'; then
			missing+=("$package")
		fi
	done
	if [[ ${#missing[@]} -eq 0 ]]; then return; fi
	if [[ $EUID -ne 0 ]]; then
		echo "missing: ${missing[*]}; install them, or run this as root" >&2
		exit 1
	fi
	echo "installing ${missing[*]}"
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

make_image() {
	if [[ -e $tar ]]; then return; fi
	echo "making the image"
	mkdir -p "$cache"
	rm -f "$cache"/kafka-image-*
	"$here/make-kafka-image.sh" "$(.venv/bin/python -m tests.support.kafka.jars)" "$tar.$$"
	mv "$tar.$$" "$tar"
}

cleanup() {
	"${podman[@]}" rm --all --force --time 0 >/dev/null || true
	if [[ -n $service ]]; then
		kill "$service" || true
		wait "$service" || true
	fi
	rm -rf "$work"
}

make --no-print-directory setup
install_missing
inputs=$(cat "$here"/image/* "$here/make-kafka-image.sh" tests/support/kafka/pom.xml | sha256sum | cut -c -12)
tar=$cache/kafka-image-$inputs.tar
make_image

work=$(mktemp -d)
# All it stores lies in a folder of this run: nothing that podman already has on this machine is touched.
podman=(podman --log-level error --root "$work/storage" --runroot "$work/run")
service=
trap cleanup EXIT
trap 'exit 143' TERM INT

# runc and low limits, because crun fails where the machine itself is a small sandbox; slirp4netns, because a
# bridge needs a firewall's tools.
cat >"$work/containers.conf" <<'END'
[containers]
default_ulimits = ["nofile=10000:10000", "nproc=4096:4096"]
netns = "slirp4netns"
[engine]
runtime = "runc"
events_logger = "file"
END
export CONTAINERS_CONF=$work/containers.conf

# The version in the tag says to testcontainers that this is no Kafka with ZooKeeper.
image=localhost/winnow-kafka:9.0.0
"${podman[@]}" import --quiet "$tar" "$image" >/dev/null
"${podman[@]}" system service --time=0 "unix://$work/podman.sock" &
service=$!
for _ in $(seq 100); do
	if [[ -S $work/podman.sock ]]; then break; fi
	if ! kill -0 "$service" 2>/dev/null; then break; fi
	sleep 0.1
done

# No ryuk: it is an image of its own, and cleanup above does its work.
DOCKER_HOST=unix://$work/podman.sock TESTCONTAINERS_RYUK_DISABLED=true \
	TESTCONTAINERS_CONNECTION_MODE=docker_host TESTCONTAINERS_HOST_OVERRIDE=127.0.0.1 \
	CI=true WINNOW_TEST_KAFKA_IMAGE=$image \
	.venv/bin/python -m pytest -m container tests/integration/test_testcontainers.py
