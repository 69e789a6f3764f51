/** `web-67cbd55664-64fs2` as `web-…-64fs2`: the end identifies the pod. */
export function abbreviatePodName(pod: string): string {
	return pod.replace(/-[\da-z]{8,10}-(?=[\da-z]{5}(?![\da-z-]))/, '-…-');
}
