/** A container image for glibc: the program and the few Debian packages that it needs, without a shell or a package manager. */
import {createHash} from 'node:crypto';
import {chmod, copyFile, cp, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {promisify} from 'node:util';
import {gunzip as gunzipCallback} from 'node:zlib';
import {execa} from 'execa';
import {sha256Of, writeArchive} from './archive.ts';
import {goArch, manifest, type Platform} from './release-data.ts';

const gunzip = promisify(gunzipCallback);

/** The libraries that Node links, and the certificates for a kubeconfig that names none. */
const debianPackages = ['ca-certificates', 'libc6', 'libgcc-s1', 'libstdc++6'];

/** Of the documents, only licenses stay. */
const removed = ['usr/share/lintian', 'usr/share/locale', 'usr/share/gcc', 'usr/share/gdb', 'usr/sbin', 'etc/ca-certificates'];

const mediaTypes = {
	image: 'application/vnd.oci.image.manifest.v1+json',
	config: 'application/vnd.oci.image.config.v1+json',
	layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
};

const user = {name: 'spoke', id: 65_532};

type ImageOptions = {
	/** The image, as a tar archive of an OCI image layout, which podman, docker and skopeo read. */
	file: string;
	scratch: string;
	date: Date;
};

/**
Writes an image that contains `program` and packages of the Debian or Ubuntu that this runs on, in their newest version.
@see https://github.com/opencontainers/image-spec/blob/main/image-layout.md
*/
export async function writeImage(platform: Platform, program: string, {file, scratch, date}: ImageOptions): Promise<void> {
	const rootfs = join(scratch, 'rootfs');
	await unpackPackages(rootfs, scratch);
	await mkdir(join(rootfs, 'usr/bin'), {recursive: true});
	await copyFile(program, join(rootfs, 'usr/bin', manifest.name));
	await writeText(rootfs, 'etc/passwd', `${user.name}:x:${user.id}:${user.id}::/home/${user.name}:/usr/sbin/nologin\n`);
	await writeText(rootfs, 'etc/group', `${user.name}:x:${user.id}:\n`);
	// The sandbox needs it.
	await mkdir(join(rootfs, 'tmp'));
	await chmod(join(rootfs, 'tmp'), 0o1777);
	const layer = join(scratch, 'layer.tar.gz');
	await writeLayer(layer, rootfs, date);
	const layout = join(scratch, 'layout');
	await writeLayout(layout, layer, {platform, date});
	await writeArchive(file, layout, {date, compressed: false});
}

async function unpackPackages(rootfs: string, scratch: string): Promise<void> {
	const files = await downloadPackages(join(scratch, 'apt'));
	for (const file of files) {
		await execa('dpkg-deb', ['--extract', file, rootfs]);
		// Scanners for known vulnerabilities look here, and into os-release.
		const {stdout} = await execa('dpkg-deb', ['--field', file], {stripFinalNewline: false});
		await writeText(rootfs, `var/lib/dpkg/status.d/${/^Package: (.+)$/m.exec(stdout)?.[1]}`, stdout);
	}

	await writeText(rootfs, 'etc/os-release', await readFile('/etc/os-release', 'utf8'));
	await writeText(rootfs, 'etc/ssl/certs/ca-certificates.crt', await trustedRoots(join(rootfs, 'usr/share/ca-certificates')));
	await Promise.all(removed.map(async path => rm(join(rootfs, path), {recursive: true, force: true})));
	await mergeIntoUsr(rootfs);
}

/** With package lists of its own, because those of the machine can be old. */
async function downloadPackages(folder: string): Promise<string[]> {
	const lists = join(folder, 'lists');
	const cache = join(folder, 'cache');
	await Promise.all([lists, cache].map(async path => mkdir(path, {recursive: true})));
	const settings = [`Dir::State::Lists=${lists}`, `Dir::Cache=${cache}`, 'APT::Sandbox::User=root'].flatMap(setting => ['-o', setting]);
	await execa('apt-get', [...settings, '-o', 'APT::Update::Error-Mode=any', 'update'], {cwd: folder});
	await execa('apt-get', [...settings, 'download', ...debianPackages], {cwd: folder});
	return (await readdir(folder))
		.filter(name => name.endsWith('.deb'))
		.toSorted()
		.map(name => join(folder, name));
}

/** As `update-ca-certificates` concatenates them by default. */
async function trustedRoots(folder: string): Promise<string> {
	const names = (await readdir(folder, {recursive: true})).filter(name => name.endsWith('.crt')).toSorted();
	return (await Promise.all(names.map(async name => readFile(join(folder, name), 'utf8')))).join('');
}

/** As an installed system has it: some versions of libc6 have files in `/lib`, others only in `/usr/lib`. */
async function mergeIntoUsr(rootfs: string): Promise<void> {
	for (const name of ['lib', 'lib64']) {
		await mkdir(join(rootfs, name), {recursive: true});
		await cp(join(rootfs, name), join(rootfs, 'usr', name), {recursive: true, verbatimSymlinks: true});
		await rm(join(rootfs, name), {recursive: true});
		await symlink(`usr/${name}`, join(rootfs, name));
	}
}

/** With the modes of folders, which `writeArchive` leaves out. */
async function writeLayer(file: string, rootfs: string, date: Date): Promise<void> {
	const owner = ['--owner=0', '--group=0', '--numeric-owner'];
	await execa('tar', [
		'--create',
		'--gzip',
		'--sort=name',
		...owner,
		`--mtime=@${date.getTime() / 1000}`,
		'--file',
		file,
		'--directory',
		rootfs,
		'.',
	]);
}

/** The mode is explicit, because the default depends on the umask. */
async function writeText(rootfs: string, path: string, text: string): Promise<void> {
	const file = join(rootfs, path);
	await mkdir(dirname(file), {recursive: true});
	await writeFile(file, text);
	await chmod(file, 0o644);
}

/** Moves the layer. */
async function writeLayout(layout: string, layer: string, {platform, date}: {platform: Platform; date: Date}): Promise<void> {
	const blobs = join(layout, 'blobs/sha256');
	await mkdir(blobs, {recursive: true});
	const system = {architecture: goArch[platform.arch], os: 'linux'};
	const layerSha256 = await sha256Of(layer);
	const layerTar = await gunzip(await readFile(layer));
	const config = await putBlob(blobs, {
		created: date.toISOString(),
		...system,
		config: {
			User: `${user.id}:${user.id}`,
			Env: ['PATH=/usr/bin'],
			Entrypoint: [`/usr/bin/${manifest.name}`],
			Labels: {
				'org.opencontainers.image.title': manifest.name,
				'org.opencontainers.image.description': manifest.description,
				'org.opencontainers.image.version': manifest.version,
				'org.opencontainers.image.licenses': manifest.license,
				'org.opencontainers.image.url': manifest.homepage,
			},
		},
		rootfs: {type: 'layers', diff_ids: [`sha256:${createHash('sha256').update(layerTar).digest('hex')}`]},
	});
	const image = await putBlob(blobs, {
		schemaVersion: 2,
		mediaType: mediaTypes.image,
		config: {mediaType: mediaTypes.config, ...config},
		layers: [{mediaType: mediaTypes.layer, digest: `sha256:${layerSha256}`, size: (await stat(layer)).size}],
	});
	await rename(layer, join(blobs, layerSha256));
	await writeFile(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
	const annotations = {'org.opencontainers.image.ref.name': manifest.version};
	await writeFile(
		join(layout, 'index.json'),
		JSON.stringify({schemaVersion: 2, manifests: [{mediaType: mediaTypes.image, ...image, platform: system, annotations}]}),
	);
}

/** Resolves to the blob's descriptor, without its media type. */
async function putBlob(blobs: string, value: object): Promise<{digest: string; size: number}> {
	const text = JSON.stringify(value);
	const sha256 = createHash('sha256').update(text).digest('hex');
	await writeFile(join(blobs, sha256), text);
	return {digest: `sha256:${sha256}`, size: Buffer.byteLength(text)};
}
