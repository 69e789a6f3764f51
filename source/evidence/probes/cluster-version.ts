/** `/version`: the version, and whether it is an upstream build. */
import type {ProbeResult, VersionFacts} from '../evidence.ts';
import {sendProbe, tryParseJson, type Requester} from './probe-request.ts';

export async function readVersion(cluster: Requester, {timeoutMs = 5000}: {timeoutMs?: number} = {}): Promise<ProbeResult<VersionFacts>> {
	return sendProbe(cluster, {source: 'version', path: '/version', need: null, timeoutMs}, body => {
		const answer = tryParseJson<{gitVersion?: unknown}>(body);
		return typeof answer?.gitVersion === 'string' ? versionFacts(answer.gitVersion) : undefined;
	});
}

/** Vendor suffixes: `v1.29.1-gke.1589000`, `v1.30.4-eks-a737599`, `v1.31.2+k3s1`. */
export function versionFacts(gitVersion: string): VersionFacts | undefined {
	const [, major, minor, rest] = /^v?(\d+)\.(\d+)(.*)$/.exec(gitVersion) ?? [];
	return major === undefined || minor === undefined
		? undefined
		: {gitVersion, major: Number(major), minor: Number(minor), upstream: /^\.\d+(-(alpha|beta|rc)\.\d+)?$/.test(rest ?? '')};
}
