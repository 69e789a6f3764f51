/** Help of the program and of each command. */
import {type HelpLayout, renderCommandHelp, renderConnectionHelp, renderProgramHelp} from '../base/command-line/render-help.ts';
import {commandGroups, specOf} from './command-specs.ts';
import type {CommandName} from './load-command.ts';

/** @param topic `null` for the program's help */
export function helpText(topic: CommandName | 'connection-flags' | null, layout: HelpLayout): string {
	if (topic === null) {
		return renderProgramHelp(commandGroups, layout);
	}

	return topic === 'connection-flags' ? renderConnectionHelp(layout) : renderCommandHelp(specOf(topic), layout);
}
