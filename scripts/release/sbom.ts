/** A CycloneDX bill of materials of a single executable: the packages that the build bundles, and Node with its own parts. */
import {writeFile} from 'node:fs/promises';
import {createRequire} from 'node:module';
import {join} from 'node:path';
import process from 'node:process';
import {execa} from 'execa';
import {sha256Of} from './archive.ts';
import {root} from './release-data.ts';

const tool = join(root, 'node_modules/@cyclonedx/cyclonedx-esbuild');
const specVersion = '1.6';

/** From the library that the tool uses itself. */
const {JsonStrictValidator} = createRequire(join(tool, 'package.json'))('@cyclonedx/cyclonedx-library/Validation') as {
	JsonStrictValidator: new (version: string) => {validate: (text: string) => Promise<unknown>};
};

type Bom = {components: object[]};

/** Writes `file`. @throws Error unless it is valid */
export async function writeSbom(file: string): Promise<void> {
	const bom = await readBundledBom();
	const text = JSON.stringify({...bom, components: [...bom.components, await nodeComponent()]}, null, 2);
	const problem = await new JsonStrictValidator(specVersion).validate(text);
	if (problem !== null) {
		throw new Error(`${file} is not valid CycloneDX: ${JSON.stringify(problem)}`);
	}

	await writeFile(file, `${text}\n`);
}

/** By the tool of the CycloneDX project for esbuild, which reads what esbuild says that it bundled. */
async function readBundledBom(): Promise<Bom> {
	const {stdout} = await execa(
		process.execPath,
		[
			join(tool, 'bin/cyclonedx-esbuild-cli.js'),
			'--spec-version',
			specVersion,
			'--gather-license-texts',
			'--output-reproducible',
			'--output-file',
			'-',
			'--build-working-dir',
			root,
			join(root, 'build/bundled.json'),
		],
		{cwd: root},
	);
	return JSON.parse(stdout) as Bom;
}

/** Scanners match known vulnerabilities by `cpe`. */
async function nodeComponent(): Promise<object> {
	// `modules` and `napi` are versions of interfaces.
	const {node: version, modules: _, napi: __, ...versions} = process.versions;
	// Some Nodes name parts that they were built without.
	const parts = Object.entries(versions).filter(([, partVersion]) => partVersion);
	return {
		type: 'platform',
		name: 'node',
		version,
		'bom-ref': 'node',
		purl: `pkg:github/nodejs/node@v${version}`,
		cpe: `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*`,
		hashes: [{alg: 'SHA-256', content: await sha256Of(process.execPath)}],
		licenses: [{license: {id: 'MIT'}}],
		components: parts.map(([name, partVersion]) => ({
			type: 'library',
			name,
			version: partVersion,
			'bom-ref': `node/${name}`,
			...(name === 'openssl' && {cpe: `cpe:2.3:a:openssl:openssl:${partVersion}:*:*:*:*:*:*:*`}),
		})),
	};
}
