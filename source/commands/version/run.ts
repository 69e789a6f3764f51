/** `spoke version`. */
import process from 'node:process';
import {exitStatus} from '../../base/errors/exit-status.ts';
import {jsonLine, jsonObject} from '../../report/output/output-writer.ts';
import {version} from '../../base/version.ts';
import type {Command} from '../command.ts';
import {versionSpec} from './spec.ts';
import {assertUsage} from '../usage.ts';

export const command: Command<typeof versionSpec.flags> = {
	spec: versionSpec,
	async run({flags, positionals, stdout}) {
		assertUsage(positionals.length === 0, `version takes no arguments, got ${JSON.stringify(positionals[0])}`);
		const {platform, arch} = process;
		stdout.write(
			flags.output === 'json'
				? jsonLine(jsonObject('Version', {version, node: process.versions.node, platform, arch}))
				: `spoke ${version}\n`,
		);
		return exitStatus.ok;
	},
};
