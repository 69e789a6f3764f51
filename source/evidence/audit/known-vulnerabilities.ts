/** Published vulnerabilities of the paths from the apiserver to nodes, pods and services. */

export type KnownVulnerability = {
	/** A CVE, or a short name. */
	id: string;
	title: string;
	component: 'kube-apiserver' | 'kubelet';
	severity: 'low' | 'medium' | 'high' | 'critical';
	/** When it matters. */
	condition: string;
	/** Omitted if every version before the fix has it. */
	introducedIn?: string;
	/** The first fixed version of each minor version that was fixed; later minor versions have the fix. Empty: open by design. */
	fixedIn: readonly string[];
	/** On Windows nodes only. */
	windowsOnly?: true;
	source: string;
};

/** When the table was last compared with the issues that its rows name. It may lack newer vulnerabilities. */
export const lastComparedMonth = '2026-11';

const issue = (number: number) => `https://github.com/kubernetes/kubernetes/issues/${number}`;

export const knownVulnerabilities: readonly KnownVulnerability[] = [
	{
		id: 'CVE-2018-1002105',
		title: 'an upgrade request that fails leaves an authenticated connection to the kubelet or the aggregated API',
		component: 'kube-apiserver',
		severity: 'critical',
		condition: 'any user who can exec, attach or port-forward, or use an aggregated API',
		fixedIn: ['1.10.11', '1.11.5', '1.12.3'],
		source: issue(71_411),
	},
	{
		id: 'CVE-2020-8559',
		title: 'the apiserver follows a redirect that a kubelet sends to an upgrade request',
		component: 'kube-apiserver',
		severity: 'medium',
		condition: 'a compromised node',
		fixedIn: ['1.16.13', '1.17.9', '1.18.6'],
		source: issue(92_914),
	},
	{
		id: 'CVE-2022-3294',
		title: 'the address of a node is not always validated before the apiserver proxies to it',
		component: 'kube-apiserver',
		severity: 'medium',
		condition: 'an untrusted user who can change Node objects and use nodes/proxy',
		fixedIn: ['1.22.16', '1.23.14', '1.24.8', '1.25.4'],
		source: issue(113_757),
	},
	{
		id: 'CVE-2020-8562',
		title: 'a name is resolved once to validate its address and again to connect',
		component: 'kube-apiserver',
		severity: 'low',
		condition: 'an untrusted user who can change Node objects and use nodes/proxy',
		fixedIn: [],
		source: issue(101_493),
	},
	{
		id: 'nodes/proxy',
		title: 'get on nodes/proxy also runs commands, by a WebSocket',
		component: 'kubelet',
		severity: 'high',
		condition: 'a user or service account that has get on nodes/proxy',
		fixedIn: [],
		source: issue(119_640),
	},
	{
		id: 'CVE-2020-8551',
		title: 'requests to the kubelet’s API can exhaust the node',
		component: 'kubelet',
		severity: 'medium',
		condition: 'anyone who can connect to a kubelet’s port',
		introducedIn: '1.15.0',
		fixedIn: ['1.15.10', '1.16.7', '1.17.3'],
		source: issue(89_377),
	},
	{
		id: 'CVE-2024-9042',
		title: 'a query to /logs runs commands on the node',
		component: 'kubelet',
		severity: 'medium',
		condition: 'Windows nodes, and a user who can read nodes/*/logs',
		fixedIn: ['1.29.13', '1.30.9', '1.31.5', '1.32.1'],
		windowsOnly: true,
		source: issue(129_654),
	},
	{
		id: 'CVE-2025-0426',
		title: 'unauthenticated checkpoint requests can fill the node’s disk',
		component: 'kubelet',
		severity: 'medium',
		condition: 'the kubelet’s read-only port is on, and its container runtime can checkpoint',
		introducedIn: '1.30.0',
		fixedIn: ['1.30.10', '1.31.6', '1.32.2'],
		source: issue(130_016),
	},
];

/** Of one version. `vendor`: affected by its number, but a vendor's build may contain the fix. `unknown`: its number does not tell. */
export type AffectedState = 'affected' | 'not-affected' | 'vendor' | 'unknown';

/** `gitVersion` as `/version` and nodes report it: `v1.25.3`, `v1.25.0-rc.1`, `v1.29.1-gke.1589000`, `v1.31.2+k3s1`. */
export function affectedState(
	gitVersion: string,
	{introducedIn, fixedIn}: Pick<KnownVulnerability, 'introducedIn' | 'fixedIn'>,
): AffectedState {
	const version = parseVersion(gitVersion);
	if (version === null) {
		return 'unknown';
	}

	const {suffix} = version;
	if (introducedIn !== undefined && isBefore(version, introducedIn)) {
		return 'not-affected';
	}

	const last = fixedIn.at(-1);
	const own = fixedIn.find(fixed => sameMinor(fixed, version));
	if (own === undefined && last !== undefined && isBefore(parseVersion(last)!, gitVersion)) {
		// A pre-release of the minor version after the last fixed one may have been cut before the fix.
		return isPreRelease(suffix) && isNextMinor(last, version) ? 'unknown' : 'not-affected';
	}

	const isAffected = own === undefined || isBefore(version, own);
	return isAffected ? (isUpstream(suffix) || fixedIn.length === 0 ? 'affected' : 'vendor') : 'not-affected';
}

/** The version to upgrade to: of its own minor version, otherwise the first later one with a fix. */
export function fixFor(gitVersion: string, {fixedIn}: Pick<KnownVulnerability, 'fixedIn'>): string | null {
	const version = parseVersion(gitVersion);
	return version === null ? null : (fixedIn.find(fixed => isBefore(version, fixed)) ?? null);
}

type Version = {major: number; minor: number; patch: number; suffix: string};

function parseVersion(text: string): Version | null {
	const [, major, minor, patch, suffix = ''] = /^v?(\d+)\.(\d+)\.(\d+)(.*)$/.exec(text) ?? [];
	return patch === undefined ? null : {major: Number(major), minor: Number(minor), patch: Number(patch), suffix};
}

/** A pre-release comes before its release; the suffix of a vendor does not change the order. */
function isBefore(version: Version, other: string): boolean {
	const {major, minor, patch, suffix} = parseVersion(other)!;
	const order = version.major - major || version.minor - minor || version.patch - patch;
	return order < 0 || (order === 0 && isPreRelease(version.suffix) && !isPreRelease(suffix));
}

function sameMinor(fixed: string, {major, minor}: Version): boolean {
	const other = parseVersion(fixed)!;
	return other.major === major && other.minor === minor;
}

function isNextMinor(fixed: string, {major, minor}: Version): boolean {
	const other = parseVersion(fixed)!;
	return other.major === major && other.minor + 1 === minor;
}

function isPreRelease(suffix: string): boolean {
	return /^-(alpha|beta|rc)\.\d+/.test(suffix);
}

function isUpstream(suffix: string): boolean {
	return suffix === '' || /^-(alpha|beta|rc)\.\d+$/.test(suffix);
}
