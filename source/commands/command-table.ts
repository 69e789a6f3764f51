/** Which subcommands exist: their rows, and how each is loaded. Rows are data; nothing of a command is loaded before it is run. */
import type {Command, CommandSpec} from './command.ts';
import {attachSpec} from './specs/attach.ts';
import {auditSpec} from './specs/audit.ts';
import {doctorSpec} from './specs/doctor.ts';
import {demoSpec} from './specs/demo.ts';
import {debugSpec} from './specs/debug.ts';
import {execSpec} from './specs/exec.ts';
import {proxySpec} from './specs/proxy.ts';
import {completionSpec} from './specs/completion.ts';
import {keysSpec} from './specs/keys.ts';
import {sessionSpec} from './specs/session.ts';
import {tailSpec} from './specs/tail.ts';
import {logsSpec} from './specs/logs.ts';
import {portForwardSpec} from './specs/port-forward.ts';
import {pathSpec} from './specs/path.ts';
import {schemaRow} from './specs/schema.ts';
import {versionRow} from './specs/version.ts';

type Entry = {row: CommandSpec; load: () => Promise<{command: Command<any>}>};

/** In the order of help. */
export const commandTable: readonly Entry[] = [
	{row: sessionSpec, load: async () => import('./session.ts')},
	{row: tailSpec, load: async () => import('./tail.ts')},
	{row: logsSpec, load: async () => import('./logs.ts')},
	{row: execSpec, load: async () => import('./exec.ts')},
	{row: attachSpec, load: async () => import('./attach.ts')},
	{row: pathSpec, load: async () => import('./path.ts')},
	{row: auditSpec, load: async () => import('./audit.ts')},
	{row: doctorSpec, load: async () => import('./doctor.ts')},
	{row: portForwardSpec, load: async () => import('./port-forward.ts')},
	{row: demoSpec, load: async () => import('./demo.ts')},
	{row: debugSpec, load: async () => import('./debug.ts')},
	{row: proxySpec, load: async () => import('./proxy.ts')},
	{row: keysSpec, load: async () => import('./keys.ts')},
	{row: completionSpec, load: async () => import('./completion.ts')},
	{row: schemaRow, load: async () => import('./schema.ts')},
	{row: versionRow, load: async () => import('./version.ts')},
];
