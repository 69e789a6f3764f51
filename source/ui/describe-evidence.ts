/** What a verdict stands on, or what would tell, in the cells that there are: the fact first, its source while there is room. */
import type {Evidence, Path, Verdict} from '../evidence/evidence.ts';
import {cellWidth} from '../text/cell-width.ts';
import {sanitizeLine} from '../text/sanitize-line.ts';

/** Where a reading's own words have no room: what it says to the person who looks at the line. By the rule that used it. */
const shortWords: Readonly<Record<string, string>> = {
	'egress-file-empty': 'no egress file',
	'egress-file-set': 'egress file set',
	'no-proxy-in-environment': 'no proxy set',
	'environment-proxy-possible': 'its HTTPS_PROXY was not seen',
	'dials-without-egress': 'no egress dial counted',
	'agent-carried-held-streams': 'agents’ connections rose and fell with ours',
	'kubelet-ca-empty': 'no kubelet CA',
	'kubelet-ca-set': 'kubelet CA set',
	'kubelet-certificate-accepted': 'kubelet answered',
	'kubelets-accepted-so-far': 'kubelets answered',
	'kubelets-refused-so-far': 'kubelets refused',
	'kubelet-certificate-cannot-verify': 'no check could pass its certificate',
	'log-tls-failures-counted': 'log reads failed at the certificate',
};

/** `words` puts what is written for a shell as it is done here. */
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
				joined(read, ({observed, rule}) => shortWords[rule] ?? observed, true),
				joined(read, ({observed, rule}) => shortWords[rule] ?? observed, false),
			],
			room,
		);
	}

	return verdict.why === undefined ? needWords(verdict.need, room, words) : sanitizeLine(verdict.why);
}

/** The same thing read at several places stands there once: `no egress file (flagz, mirror-pod)`. */
function joined(read: readonly Evidence[], say: (one: Evidence) => string, withSources: boolean): string {
	return [...Map.groupBy(read, say)]
		.map(([said, all]) => {
			const sources = [...new Set(all.map(({source}) => source))].filter(source => source !== 'socket' && source !== 'construction');
			return sanitizeLine(withSources && sources.length > 0 ? `${said} (${sources.join(', ')})` : said);
		})
		.join('; ');
}

/** `needs get on /flagz, or list pods in kube-system`: rights first; what only a test tells stands where no right does. Only whole ones. */
function needWords(need: Verdict<string>['need'], room: number, words: (text: string) => string): string {
	const rights = need.flatMap(({permission}) => (permission === null ? [] : [permission.replace('nonResourceURL', 'on')]));
	const others = need.flatMap(({or}) => (or === null ? [] : [words(or)]));
	const [lead, all] = rights.length > 0 ? ['needs ', rights] : ['would tell: ', others];
	return all.length === 0
		? 'not known'
		: longestThatFits(
				all.map((_, index) => sanitizeLine(lead + all.slice(0, all.length - index).join(', or '))),
				room,
			);
}

/** From the longest on; the last one where none fits. */
function longestThatFits(texts: readonly string[], room: number): string {
	return texts.find(text => cellWidth(text) <= room) ?? texts.at(-1)!;
}
