#!/usr/bin/env bash
# Builds the real cluster's programs from Go modules into a cache directory, once.
#   build.sh [--missing] [core|old|newest|peer|peers|all]
# --missing: only names the programs that are not there, or were built from other sources. core: Kubernetes 1.36, etcd, containerd, the
# pods' program; old: Kubernetes 1.34; newest: Kubernetes 1.37; peer: the scripted kubelet (test/peer); peers: stern, k9s for benchmarks.
# Moves each finished program into place, so an interrupted build can resume.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${SPOKE_CLUSTER_CACHE:-$HOME/.cache/spoke-cluster}
only_name=
[ "${1:-}" = --missing ] && only_name=yes && shift
what=${1:-core}
export CGO_ENABLED=0 GOFLAGS=-buildvcs=false

# build MODULE OUT-DIRECTORY PROGRAM PACKAGE [LDFLAGS]
build() {
	local module=$1 out=$2 program=$3 package=$4 ldflags=${5:-} sources
	sources=$(cd "$here/modules/$module" && find . -type f | LC_ALL=C sort | xargs sha256sum | sha256sum)
	[ -x "$out/$program" ] && [ "$(cat "$out/$program.sources" 2>/dev/null)" = "$sources" ] && return 0
	[ -n "$only_name" ] && echo "$program" && return 0
	mkdir -p "$out"
	echo "building $program ($package)" >&2
	(cd "$here/modules/$module" && go build -mod=mod -trimpath -ldflags "-s -w $ldflags" -o "$out/.$program.$$" "$package")
	mv "$out/.$program.$$" "$out/$program"
	echo "$sources" >"$out/$program.sources"
}

kubernetes() { # MODULE VERSION PROGRAM…
	local module=$1 version=$2 flags
	shift 2
	# Without it, the server's version is v0.0.0 and every version check fails.
	flags="-X k8s.io/component-base/version.gitVersion=v$version -X k8s.io/client-go/pkg/version.gitVersion=v$version"
	for program in "$@"; do
		build "$module" "$cache/v$version" "$program" "k8s.io/kubernetes/cmd/$program" "$flags"
	done
}

# An apiserver in k3s's manner; its version names k3s, as there.
supervisor() { # VERSION
	build kubernetes "$cache/v$1" supervisor ./supervisor \
		"-X k8s.io/component-base/version.gitVersion=v$1+k3s1 -X k8s.io/client-go/pkg/version.gitVersion=v$1+k3s1"
}

core() {
	kubernetes kubernetes 1.36.3 kube-apiserver kubectl kubelet
	build etcd "$cache/bin" etcd go.etcd.io/etcd/server/v3
	for program in containerd containerd-shim-runc-v2 ctr; do
		build containerd "$cache/bin" "$program" "github.com/containerd/containerd/v2/cmd/$program"
	done
	kubernetes kubernetes 1.36.3 kube-controller-manager kube-scheduler
	supervisor 1.36.3
	build workload "$cache/bin" workload .
	build objects "$cache/bin" objects .
	peer
}
peer() { build ../../peer "$cache/bin" scripted-peer .; }
old() { kubernetes kubernetes-1.34 1.34.4 kube-apiserver kubelet; }
newest() { kubernetes kubernetes-1.37 1.37.2 kube-apiserver kubelet; }
peers() {
	build stern "$cache/bin" stern github.com/stern/stern
	build k9s "$cache/bin" k9s github.com/derailed/k9s
}

case $what in
	core | old | newest | peer | peers) "$what" ;;
	all) core; old; newest; peers ;;
	*) echo "build.sh: unknown part $what: core, old, newest, peer, peers or all" >&2; exit 2 ;;
esac
