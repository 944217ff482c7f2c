#!/usr/bin/env bash
# Writes a Kafka image's file system as a tar file: Debian with a Java, Kafka's jars, and the few scripts that
# testcontainers expects at the places where Confluent's image has them. Needs root and debootstrap.
# Usage: make-kafka-image.sh FOLDER_OF_JARS TAR
set -euo pipefail
jars=$1 tar=$2
scripts=$(dirname "$(readlink -f "$0")")/image

work=$(mktemp -d)
root=$work/root
cleanup() {
	if mountpoint -q "$root/proc"; then umount "$root/proc"; fi
	rm -rf "$work"
}
trap cleanup EXIT

# The release and the mirror of this machine, so that nothing is asked that it does not use already.
# shellcheck source=/dev/null
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
# shellcheck disable=SC2016 # the dollar is apt's
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' "Codename: $suite" | sed -n 1p)
debootstrap --variant=minbase "$suite" "$root" "$mirror" >"$work/log" || { tail -n 20 "$work/log" >&2; exit 1; }

# Java's package unpacks with the help of /proc.
mount -t proc proc "$root/proc"
DEBIAN_FRONTEND=noninteractive chroot "$root" \
	apt-get install -qq -y --no-install-recommends default-jre-headless >"$work/log" 2>&1 ||
	{ tail -n 20 "$work/log" >&2; exit 1; }
umount "$root/proc"

install -D -t "$root/opt/kafka/libs" -m 644 "$jars"/*.jar
install -D -t "$root/etc/confluent/docker" "$scripts/bash-config" "$scripts/configure" "$scripts/launch"
install -D -t "$root/usr/local/bin" "$scripts/kafka-storage"
tar -C "$root" -cf "$tar" --exclude=./var/cache/apt --exclude=./var/lib/apt/lists --exclude=./usr/share/doc .
