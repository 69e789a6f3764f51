#!/usr/bin/env bash
# konnectivity.sh SOURCE OUTPUT: builds the server and the agent of the tunnel from a checkout of kubernetes-sigs/apiserver-network-proxy.
# The real-cluster suite finds them by SPOKE_KONNECTIVITY_BIN=OUTPUT.
set -euo pipefail
source=$1
mkdir -p "$2"
output=$(cd "$2" && pwd)
for program in server agent; do
	(cd "$source" && CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "$output/konnectivity-$program" "./cmd/$program")
done
(cd "$output" && sha256sum konnectivity-server konnectivity-agent >SHA256SUMS && xz --force --threads=0 konnectivity-server konnectivity-agent)
