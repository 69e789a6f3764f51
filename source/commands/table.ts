/** Which subcommands exist: their rows, and how each is loaded. Rows are data; nothing of a command is loaded before it is run. */
import type {Command, CommandRow} from './command.ts';
import {attachRow} from './rows/attach.ts';
import {auditRow} from './rows/audit.ts';
import {doctorRow} from './rows/doctor.ts';
import {demoRow} from './rows/demo.ts';
import {debugRow} from './rows/debug.ts';
import {execRow} from './rows/exec.ts';
import {proxyRow} from './rows/proxy.ts';
import {completionRow} from './rows/completion.ts';
import {keysRow} from './rows/keys.ts';
import {sessionRow} from './rows/session.ts';
import {tailRow} from './rows/tail.ts';
import {logsRow} from './rows/logs.ts';
import {portForwardRow} from './rows/port-forward.ts';
import {pathRow} from './rows/path.ts';
import {schemaRow} from './rows/schema.ts';
import {versionRow} from './rows/version.ts';

type Entry = {row: CommandRow; load: () => Promise<{command: Command<any>}>};

/** In the order of help. */
export const commandTable: readonly Entry[] = [
	{row: sessionRow, load: async () => import('./session.ts')},
	{row: tailRow, load: async () => import('./tail.ts')},
	{row: logsRow, load: async () => import('./logs.ts')},
	{row: execRow, load: async () => import('./exec.ts')},
	{row: attachRow, load: async () => import('./attach.ts')},
	{row: pathRow, load: async () => import('./path.ts')},
	{row: auditRow, load: async () => import('./audit.ts')},
	{row: doctorRow, load: async () => import('./doctor.ts')},
	{row: portForwardRow, load: async () => import('./port-forward.ts')},
	{row: demoRow, load: async () => import('./demo.ts')},
	{row: debugRow, load: async () => import('./debug.ts')},
	{row: proxyRow, load: async () => import('./proxy.ts')},
	{row: keysRow, load: async () => import('./keys.ts')},
	{row: completionRow, load: async () => import('./completion.ts')},
	{row: schemaRow, load: async () => import('./schema.ts')},
	{row: versionRow, load: async () => import('./version.ts')},
];
