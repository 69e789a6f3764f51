/** Flags, usage and texts of all commands: for help, completion, man pages and README. */
import type {CommandSpec} from './command.ts';
import type {CommandName} from './load-command.ts';
import {attachSpec} from './attach/spec.ts';
import {auditSpec} from './audit/spec.ts';
import {doctorSpec} from './doctor/spec.ts';
import {demoSpec} from './demo/spec.ts';
import {debugSpec} from './debug/spec.ts';
import {execSpec} from './exec/spec.ts';
import {forwardsSpec} from './forwards/spec.ts';
import {proxySpec} from './proxy/spec.ts';
import {cpSpec} from './cp/spec.ts';
import {completionSpec} from './completion/spec.ts';
import {keysSpec} from './keys/spec.ts';
import {sessionSpec} from './session/spec.ts';
import {policySpec} from './policy/spec.ts';
import {themeSpec} from './theme/spec.ts';
import {tailSpec} from './tail/spec.ts';
import {logsSpec} from './logs/spec.ts';
import {portForwardSpec} from './port-forward/spec.ts';
import {mcpSpec} from './mcp/spec.ts';
import {pathSpec} from './path/spec.ts';
import {schemaSpec} from './schema/spec.ts';
import {versionSpec} from './version/spec.ts';

/** In the order that help lists them. */
export const specsByName: Readonly<Record<CommandName, CommandSpec>> = {
	session: sessionSpec,
	tail: tailSpec,
	logs: logsSpec,
	exec: execSpec,
	attach: attachSpec,
	cp: cpSpec,
	path: pathSpec,
	audit: auditSpec,
	doctor: doctorSpec,
	'port-forward': portForwardSpec,
	forwards: forwardsSpec,
	mcp: mcpSpec,
	demo: demoSpec,
	debug: debugSpec,
	proxy: proxySpec,
	keys: keysSpec,
	policy: policySpec,
	theme: themeSpec,
	completion: completionSpec,
	schema: schemaSpec,
	version: versionSpec,
};

export const commandSpecs: readonly CommandSpec[] = Object.values(specsByName);
