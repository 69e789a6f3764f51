/** Help of the program and of each command. */
import {type HelpLayout, renderCommandHelp, renderProgramHelp} from '../command-line/render-help.ts';
import {commandSpecs, specsByName} from './command-specs.ts';
import type {CommandName} from './load-command.ts';

/** @param name `null` for the program's help */
export function helpText(name: CommandName | null, layout: HelpLayout): string {
	return name === null ? renderProgramHelp(commandSpecs, layout) : renderCommandHelp(specsByName[name], layout);
}
