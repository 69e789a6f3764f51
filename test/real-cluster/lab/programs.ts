/** Paths of the fixture's programs. build.sh builds all but Konnectivity's, which you provide. */
import {execFile} from 'node:child_process';
import {createHash, randomUUID} from 'node:crypto';
import {existsSync} from 'node:fs';
import {access, chmod, mkdir, readFile, rename, writeFile} from 'node:fs/promises';
import {homedir} from 'node:os';
import {join} from 'node:path';
import process from 'node:process';
import {promisify} from 'node:util';

const run = promisify(execFile);

/** Those that build.sh builds; the second has all programs, the others only apiservers and kubelets. */
const kubernetesVersions = ['1.34.4', '1.36.3', '1.37.2'] as const;
export type KubernetesVersion = (typeof kubernetesVersions)[number];

/** The version of apiservers and kubelets whose posture sets none; `SPOKE_LAB_KUBERNETES` selects another. */
export const labVersion = versionNamed(process.env['SPOKE_LAB_KUBERNETES'] ?? '1.36.3');

function versionNamed(name: string): KubernetesVersion {
	const version = kubernetesVersions.find(one => one === name);
	if (version === undefined) {
		throw new Error(`SPOKE_LAB_KUBERNETES=${name}: the lab has ${kubernetesVersions.join(', ')}`);
	}

	return version;
}

/** 1.36 brought the structured /flagz and the feature gate ExtendWebSocketsToKubelet. */
export const isSince136 = (version: KubernetesVersion): boolean => version !== '1.34.4';

/** `SPOKE_LAB_TRANSLATED=1`: the apiserver translates every exec, attach and port-forward, as before 1.36. */
export const labTranslatesStreams = process.env['SPOKE_LAB_TRANSLATED'] === '1';

/** `SPOKE_LAB_NICE=10`: runs the cluster at low priority, so that it does not slow the programs that a benchmark measures. */
export const labNice = Number(process.env['SPOKE_LAB_NICE'] ?? 0);

const cache = process.env['SPOKE_CLUSTER_CACHE'] ?? join(homedir(), '.cache/spoke-cluster');

export const toolPath = (program: string): string => join(cache, 'bin', program);

export const kubernetesPath = (program: string, version: KubernetesVersion = '1.36.3'): string => join(cache, `v${version}`, program);

/** containerd looks for its shim in PATH. */
export const toolFolder = join(cache, 'bin');

/** Whether Konnectivity is unpacked already, or `SPOKE_KONNECTIVITY_BIN` names a directory with it. */
export const hasKonnectivity =
	process.env['SPOKE_KONNECTIVITY_BIN'] !== undefined || existsSync(join(cache, 'konnectivity/konnectivity-server'));

/**
Unpacks the program from `SPOKE_KONNECTIVITY_BIN` and checks it against SHA256SUMS. build.sh does not build it, because its module is not
on the Go module proxy.
*/
export async function konnectivityPath(program: 'konnectivity-server' | 'konnectivity-agent'): Promise<string> {
	const unpacked = join(cache, 'konnectivity', program);
	if (
		await access(unpacked).then(
			() => true,
			() => false,
		)
	) {
		return unpacked;
	}

	const given = process.env['SPOKE_KONNECTIVITY_BIN'];
	if (given === undefined) {
		throw new Error(
			'SPOKE_KONNECTIVITY_BIN is not set: it names the directory with konnectivity-server.xz, konnectivity-agent.xz and SHA256SUMS',
		);
	}

	const {stdout} = await run('xz', ['-dc', join(given, `${program}.xz`)], {encoding: 'buffer', maxBuffer: 1 << 28});
	const sums = await readFile(join(given, 'SHA256SUMS'), 'utf8');
	const sum = createHash('sha256').update(stdout).digest('hex');
	if (!sums.includes(`${sum}  ${program}`)) {
		throw new Error(`${program}.xz in ${given} does not match SHA256SUMS`);
	}

	await mkdir(join(cache, 'konnectivity'), {recursive: true});
	// Two postures may unpack it at once: each writes its own file, and the last rename wins.
	const fresh = `${unpacked}.${randomUUID()}`;
	await writeFile(fresh, stdout);
	await chmod(fresh, 0o755);
	await rename(fresh, unpacked);
	return unpacked;
}
