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

/** Title and commands of each group, in the order that help lists them. */
export const commandGroups: ReadonlyArray<readonly [title: string, specs: readonly CommandSpec[]]> = [
	['Daily', [logsSpec, tailSpec, execSpec, attachSpec, cpSpec, portForwardSpec, forwardsSpec, debugSpec, proxySpec]],
	['The path', [pathSpec, doctorSpec, auditSpec, policySpec]],
	['Sandbox', [demoSpec]],
	['Set up', [keysSpec, themeSpec, completionSpec, schemaSpec, mcpSpec, versionSpec]],
];

export const commandSpecs: readonly CommandSpec[] = [sessionSpec, ...commandGroups.flatMap(([, specs]) => specs)];

export function specOf(name: CommandName): CommandSpec {
	return commandSpecs.find(spec => spec.name === name)!;
}
