/** The images of the fixture, as an OCI archive: busybox and the workload program, and the program alone. */
import {execFile} from 'node:child_process';
import {createHash} from 'node:crypto';
import {access, chmod, copyFile, mkdir, readFile, rename, rm, symlink, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import {promisify} from 'node:util';
import type {Lab} from './lab.ts';
import {containerdSocket, type NodeName} from './node.ts';
import {toolPath} from './programs.ts';

const run = promisify(execFile);
export const image = 'spoke.test/lab:1';
/** No shell and no `cat`. */
export const bareImage = 'spoke.test/bare:1';

/** There is no registry. */
export async function importImage(lab: Lab, node: NodeName): Promise<void> {
	const archive = await imageArchive(lab);
	// The socket exists before containerd has loaded its plugins; ctr waits for it.
	await run(toolPath('ctr'), ['--address', containerdSocket(lab, node), '--namespace', 'k8s.io', 'images', 'import', '--local', archive], {
		timeout: 60_000,
	});
}

/** Created on first use. */
async function imageArchive(lab: Lab): Promise<string> {
	const archive = join(lab.folder, 'image.tar');
	if (
		await access(archive).then(
			() => true,
			() => false,
		)
	) {
		return archive;
	}

	const layout = join(lab.folder, 'image-layout');
	await mkdir(join(layout, 'blobs/sha256'), {recursive: true});
	const manifests = [
		await addImage(layout, image, await makeRoot(join(lab.folder, 'image-root'))),
		await addImage(layout, bareImage, await makeBareRoot(join(lab.folder, 'bare-image-root'))),
	];
	await writeFile(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
	await writeFile(join(layout, 'index.json'), JSON.stringify({schemaVersion: 2, manifests}));
	await run('tar', ['--create', '--file', `${archive}.new`, '--directory', layout, '.']);
	await rename(`${archive}.new`, archive);
	await rm(layout, {recursive: true});
	return archive;
}

async function addImage(layout: string, name: string, root: string): Promise<object> {
	const layerFile = join(layout, 'layer.tar');
	await run('tar', [
		'--create',
		'--file',
		layerFile,
		'--directory',
		root,
		'--sort=name',
		'--mtime=@0',
		'--owner=0',
		'--group=0',
		'--numeric-owner',
		'.',
	]);
	const layer = await readFile(layerFile);
	await rm(layerFile);

	const blob = async (content: Buffer | object, mediaType: string) => {
		const bytes = Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content));
		const hex = createHash('sha256').update(bytes).digest('hex');
		await writeFile(join(layout, 'blobs/sha256', hex), bytes);
		return {mediaType, digest: `sha256:${hex}`, size: bytes.length};
	};

	const layerBlob = await blob(layer, 'application/vnd.oci.image.layer.v1.tar');
	const config = await blob(
		{
			architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
			os: 'linux',
			config: {Entrypoint: ['/bin/workload'], Cmd: ['pause'], Env: ['PATH=/bin'], WorkingDir: '/'},
			rootfs: {type: 'layers', diff_ids: [layerBlob.digest]},
		},
		'application/vnd.oci.image.config.v1+json',
	);
	const manifest = await blob(
		{schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json', config, layers: [layerBlob]},
		'application/vnd.oci.image.manifest.v1+json',
	);
	return {
		...manifest,
		annotations: {'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': name.slice(name.indexOf(':') + 1)},
	};
}

async function makeBareRoot(root: string): Promise<string> {
	await mkdir(join(root, 'bin'), {recursive: true});
	await mkdir(join(root, 'tmp'), {recursive: true});
	await copyFile(toolPath('workload'), join(root, 'bin/workload'));
	return root;
}

async function makeRoot(root: string): Promise<string> {
	for (const folder of ['bin', 'tmp', 'etc', 'root', 'data']) {
		await mkdir(join(root, folder), {recursive: true});
	}

	await chmod(join(root, 'tmp'), 0o1777);
	await copyFile('/bin/busybox', join(root, 'bin/busybox'));
	await copyFile(toolPath('workload'), join(root, 'bin/workload'));
	await writeFile(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
	await writeFile(join(root, 'etc/group'), 'root:x:0:\n');
	const {stdout} = await run('/bin/busybox', ['--list']);
	for (const applet of stdout
		.trim()
		.split('\n')
		.filter(name => name !== 'busybox')) {
		await rm(join(root, 'bin', applet), {force: true});
		await symlink('busybox', join(root, 'bin', applet));
	}

	return root;
}
