/** `web-67cbd55664-64fs2` is told apart by its end: `web-…-64fs2`. */
export function abbreviatePodName(pod: string): string {
	return pod.replace(/-[\da-z]{8,10}-(?=[\da-z]{5}(?![\da-z-]))/, '-…-');
}
