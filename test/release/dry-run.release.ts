/** A dry run of the release, the steps of its workflow, and what other programs say of their files. Needs Debian or Ubuntu, root and Go. */
import {execFile} from 'node:child_process';
import {createReadStream} from 'node:fs';
import {copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile} from 'node:fs/promises';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {basename, dirname, join} from 'node:path';
import process from 'node:process';
import {promisify} from 'node:util';
import test from 'ava';
import {parse} from 'yaml';
import {bundledPackages} from '../../scripts/licenses.ts';
import {sha256Of} from '../../scripts/release/archive.ts';
import {krewManifest} from '../../scripts/release/catalogs.ts';
import {archiveName, goArch, manifest, npmPackage, platforms, root} from '../../scripts/release/release-data.ts';

const run = promisify(execFile);

const scratch = await mkdtemp(join(tmpdir(), 'spoke-release-test-'));
const platform = platforms.find(({os, arch}) => os === process.platform && arch === process.arch)!;
const name = archiveName(platform);
const [first, second] = [join(scratch, 'first'), join(scratch, 'second/in/a/longer/path')];
const dist = join(first, 'dist');
const packages = {
	deb: `${manifest.name}_${manifest.version}-1_${goArch[platform.arch]}.deb`,
	rpm: `${manifest.name}-${manifest.version}-1.${{x64: 'x86_64', arm64: 'aarch64'}[platform.arch]}.rpm`,
};

const releaseEnvironment = {...process.env, SOURCE_DATE_EPOCH: '1700000000'};

/** On a machine that also does other work; Go compiles its programs in the first test that needs them. */
const longestTestMs = 12 * 60_000;

test.after.always(async () => rm(scratch, {recursive: true}));

test('a dry run writes every file of this platform, and the files that name them', async t => {
	t.timeout(longestTestMs);
	await copyRepository(first);
	await run('npm', ['run', '--silent', 'release', '--', '--dry-run'], {cwd: first, env: releaseEnvironment});
	t.deepEqual(
		(await readdir(dist)).toSorted(),
		[
			'SHA256SUMS',
			`${name}.cdx.json`,
			`${name}.oci.tar`,
			`${name}.tar.gz`,
			packages.rpm,
			npmPackage,
			'spoke.nix',
			'spoke.rb',
			'spoke.yaml',
			packages.deb,
		].toSorted(),
	);
});

test('the steps of the workflow write the same bytes in another folder, time zone and locale, and upload them', async t => {
	t.timeout(longestTestMs);
	await copyRepository(second);
	const tag = `v${manifest.version}`;
	const commit = ['-c', 'user.name=test', '-c', 'user.email=test@localhost', 'commit', '--quiet', '--message', 'test'];
	for (const argv of [['init', '--quiet'], ['add', '--all'], commit, ['tag', tag]]) {
		await run('git', argv, {cwd: second});
	}

	const programs = join(scratch, 'programs');
	await mkdir(programs);
	await writeFile(join(programs, 'gh'), `#!/bin/sh\nprintf '%s\\n' "$@" >'${programs}/uploaded'\n`, {mode: 0o755});
	// npm packs the modes of the checkout, so the umask is the same.
	const env = {TZ: 'Asia/Kathmandu', LC_ALL: 'C', GITHUB_REF_NAME: tag, PATH: `${programs}:${process.env['PATH']}`};
	for (const script of await workflowScripts()) {
		await run('bash', ['-e', '-c', script], {cwd: second, env: {...releaseEnvironment, ...env}});
	}

	t.deepEqual(await checksumsIn(dist), await checksumsIn(join(second, 'dist')));
	const files = (await readdir(dist)).map(file => `dist/${file}`).toSorted();
	const uploaded = (await readFile(join(programs, 'uploaded'), 'utf8')).trim().split('\n');
	t.deepEqual(uploaded.slice(0, 3), ['release', 'create', tag]);
	t.deepEqual(uploaded.filter(argument => argument.startsWith('dist/')).toSorted(), files);
});

test('SHA256SUMS has every other file', async t => {
	const {stdout} = await run('sha256sum', ['--check', '--strict', 'SHA256SUMS'], {cwd: dist});
	t.deepEqual(
		stdout.trim().split('\n'),
		(await readdir(dist))
			.filter(file => file !== 'SHA256SUMS')
			.toSorted()
			.map(file => `${file}: OK`),
	);
});

test('the Debian package puts the program, its kubectl names and its documents below /usr', async t => {
	const {stdout} = await run('dpkg-deb', ['--contents', join(dist, packages.deb)]);
	for (const line of [
		/^-rwxr-xr-x root\/root .* \.\/usr\/bin\/spoke$/m,
		/^-rwxr-xr-x root\/root .* \.\/usr\/bin\/kubectl-spoke$/m,
		/^-rwxr-xr-x root\/root .* \.\/usr\/bin\/kubectl_complete-spoke$/m,
		/^-rw-r--r-- root\/root .* \.\/usr\/share\/doc\/spoke\/copyright$/m,
		/^-rw-r--r-- root\/root .* \.\/usr\/share\/man\/man1\/spoke-audit\.1$/m,
	]) {
		t.regex(stdout, line);
	}
});

test('the bill of materials names each bundled package, Node and its OpenSSL', async t => {
	type Component = {group?: string; name: string; version: string; components?: Component[]};
	const {components} = JSON.parse(await readFile(join(dist, `${name}.cdx.json`), 'utf8')) as {components: Component[]};
	const names = new Set(components.map(({group, name}) => (group === undefined ? name : `${group}/${name}`)));
	for (const {name} of await bundledPackages()) {
		t.true(names.has(name), name);
	}

	const node = components.find(({name}) => name === 'node')!;
	t.is(node.version, process.versions.node);
	t.is(node.components!.find(({name}) => name === 'openssl')!.version, process.versions.openssl);
});

test('actionlint accepts the workflows, as their own step runs it', async t => {
	t.timeout(longestTestMs);
	const workflow = parse(await readFile(join(root, '.github/workflows/ci.yml'), 'utf8')) as {
		jobs: {workflows: {steps: Array<{run?: string}>}};
	};
	const scripts = workflow.jobs.workflows.steps.flatMap(({run: script}) => script ?? []);
	t.is(scripts.length, 1);
	await t.notThrowsAsync(run('bash', ['-e', '-c', scripts[0]!], {cwd: root}));
});

test('krew’s validator accepts the manifest, and krew installs the archive from it', async t => {
	t.timeout(longestTestMs);
	const server = createServer((request, response) => {
		createReadStream(join(dist, basename(request.url!))).pipe(response);
	}).listen(0, '127.0.0.1');
	t.teardown(() => server.close());
	const programs = join(scratch, 'krew');
	const module = 'sigs.k8s.io/krew/cmd';
	await run('go', ['install', `${module}/krew@v0.4.3`, `${module}/validate-krew-manifest@v0.4.3`], {
		env: {...process.env, GOBIN: programs},
	});
	await rename(join(programs, 'krew'), join(programs, 'kubectl-krew'));
	// As kubectl finds its plugins; the validator calls nothing else of kubectl.
	await writeFile(join(programs, 'kubectl'), '#!/bin/sh\nplugin=$1\nshift\nexec "kubectl-$plugin" "$@"\n', {mode: 0o755});
	const file = join(scratch, 'spoke.yaml');
	const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	await writeFile(file, krewManifest(new Map(await checksumsIn(dist)), address));
	const {stderr} = await run(join(programs, 'validate-krew-manifest'), ['-manifest', file], {
		env: {...process.env, PATH: `${programs}:${process.env['PATH']}`},
	});
	t.regex(stderr, /all 1 spec\.platforms installed fine/);
});

test('the image has all that the program needs, for a user without a home directory', async t => {
	const layout = join(scratch, 'layout');
	const rootfs = join(scratch, 'rootfs');
	await Promise.all([layout, rootfs].map(async folder => mkdir(folder)));
	await run('tar', ['--extract', '--file', join(dist, `${name}.oci.tar`), '--directory', layout]);
	const read = async (path: string) => JSON.parse(await readFile(join(layout, path), 'utf8')) as unknown;
	const pathOf = ({digest}: {digest: string}) => join('blobs', digest.replace(':', '/'));
	const index = (await read('index.json')) as {manifests: [{digest: string}]};
	const image = (await read(pathOf(index.manifests[0]))) as {config: {digest: string}; layers: [{digest: string}]};
	const {config} = (await read(pathOf(image.config))) as {config: {User: string; Entrypoint: [string]}};
	await run('tar', ['--extract', '--file', join(layout, pathOf(image.layers[0])), '--directory', rootfs]);
	const inside = async (...argv: string[]) =>
		run('/usr/sbin/chroot', [`--userspec=${config.User}`, rootfs, ...config.Entrypoint, ...argv], {env: {}});
	t.is((await inside('version')).stdout, `spoke ${manifest.version}\n`);
	t.regex((await inside('demo', '--tour')).stdout, /-verified->/);
});

/** The files that git tracks, as they are now, and the installed packages. */
async function copyRepository(folder: string): Promise<void> {
	const {stdout} = await run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
		cwd: root,
		maxBuffer: 16 * 1024 * 1024,
	});
	for (const path of stdout.split('\0').filter(path => path !== '')) {
		await mkdir(dirname(join(folder, path)), {recursive: true});
		await copyFile(join(root, path), join(folder, path));
	}

	await run('cp', ['--archive', join(root, 'node_modules'), folder]);
}

/** Those of `release.yml` in turn; the packages that `npm ci` would install are copied. */
async function workflowScripts(): Promise<string[]> {
	const workflow = parse(await readFile(join(root, '.github/workflows/release.yml'), 'utf8')) as {
		jobs: Record<'build' | 'publish', {steps: Array<{run?: string}>}>;
	};
	return [...workflow.jobs.build.steps, ...workflow.jobs.publish.steps]
		.flatMap(({run: script}) => script ?? [])
		.filter(script => !script.startsWith('npm ci '));
}

async function checksumsIn(folder: string): Promise<Array<[file: string, sha256: string]>> {
	return Promise.all((await readdir(folder)).toSorted().map(async file => [file, await sha256Of(join(folder, file))]));
}
