/** The evidence or the needs of a verdict. */
import type {Evidence, Path, Verdict} from '../evidence/evidence.ts';
import {cellWidth} from '../text/cell-width.ts';
import {sanitizeLine} from '../text/sanitize-line.ts';

const shortTerms: Readonly<Record<string, string>> = {
	'egress-file-empty': 'no egress file',
	'egress-file-set': 'egress file set',
	'no-proxy-in-environment': 'no proxy set',
	'environment-proxy-possible': 'its HTTPS_PROXY not observed',
	'dials-without-egress': 'no egress dials counted',
	'agent-carried-held-streams': 'agent connections rose and fell with spoke’s',
	'kubelet-ca-empty': 'no kubelet CA',
	'kubelet-ca-set': 'kubelet CA set',
	'kubelet-certificate-accepted': 'kubelet responded',
	'kubelets-accepted-so-far': 'kubelets responded',
	'kubelets-refused-so-far': 'kubelets refused',
	'kubelet-certificate-cannot-verify': 'its certificate cannot pass verification',
	'log-tls-failures-counted': 'log reads failed at the certificate',
};

/** `words` rewrites advice for a shell as keys of the session. */
export function describeEvidence(
	path: Path,
	verdict: Verdict<string>,
	room: number,
	words: (text: string) => string = text => text,
): string {
	if (path.phase === 'checking' && verdict.state === 'unknown') {
		return 'checking …';
	}

	const read = verdict.evidence.map(id => path.evidence.find(one => one.id === id)).filter((one): one is Evidence => one !== undefined);
	if (verdict.state !== 'unknown' && read.length > 0) {
		return longestThatFits(
			[
				joined(read, ({observed}) => observed, true),
				joined(read, ({observed, rule}) => shortTerms[rule] ?? observed, true),
				joined(read, ({observed, rule}) => shortTerms[rule] ?? observed, false),
			],
			room,
		);
	}

	return verdict.why === undefined ? needTextOf(verdict.need, room, words) : sanitizeLine(verdict.why);
}

/** Equal observations appear once: `no egress file (flagz, mirror-pod)`. */
function joined(read: readonly Evidence[], say: (one: Evidence) => string, withSources: boolean): string {
	return [...Map.groupBy(read, say)]
		.map(([said, all]) => {
			const sources = [...new Set(all.map(({source}) => source))].filter(source => source !== 'socket' && source !== 'construction');
			return sanitizeLine(withSources && sources.length > 0 ? `${said} (${sources.join(', ')})` : said);
		})
		.join('; ');
}

/** Permissions, or else probes; as many whole ones as fit. */
function needTextOf(need: Verdict<string>['need'], room: number, words: (text: string) => string): string {
	const rights = need.flatMap(({permission}) => (permission === null ? [] : [permission.replace('nonResourceURL', 'on')]));
	const others = need.flatMap(({or}) => (or === null ? [] : [words(or)]));
	const all = rights.length > 0 ? rights : others;
	return all.length === 0
		? 'unknown'
		: longestThatFits(
				all.map((_, index) => sanitizeLine(`needs ${all.slice(0, all.length - index).join(', or ')}`)),
				room,
			);
}

function longestThatFits(texts: readonly string[], room: number): string {
	return texts.find(text => cellWidth(text) <= room) ?? texts.at(-1)!;
}
