#!/usr/bin/env bash
# The step of action.yml: writes the report and the summary of the job, and exits with the status of the audit.
# Inputs are environment variables, because a workflow pastes ${{ … }} into a script unquoted.
set -uo pipefail
spoke() { node "${GITHUB_ACTION_PATH:?}/build/spoke.js" "$@"; }

flags=(--require "${SPOKE_REQUIRE:?}" --min-basis "${SPOKE_MIN_BASIS:-proven}")
[ -n "${SPOKE_KUBECONFIG:-}" ] && flags+=(--kubeconfig "$SPOKE_KUBECONFIG")
[ -n "${SPOKE_CONTEXT:-}" ] && flags+=(--context "$SPOKE_CONTEXT")
while IFS= read -r waiver; do
	[ -n "$waiver" ] && flags+=(--accept "$waiver")
done <<<"${SPOKE_ACCEPT:-}"

spoke audit "${flags[@]}" -o "${SPOKE_FORMAT:-sarif}" >"${SPOKE_OUTPUT:?}"
status=$?
case $status in
0) result=met ;;
3) result=not-met ;;
4) result=undecided ;;
*) result=error ;;
esac
echo "result=$result" >>"${GITHUB_OUTPUT:-/dev/null}"
# A second, read-only audit: one run prints one format.
# Indented, it is a code block that no text of the cluster can end.
{
	echo
	spoke audit "${flags[@]}" 2>&1 | sed 's/^/    /'
} >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
exit "$status"
