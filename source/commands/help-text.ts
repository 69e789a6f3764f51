/** Help of the program and of each command. */
import {type HelpLayout, renderCommandHelp, renderConnectionHelp, renderProgramHelp} from '../base/command-line/render-help.ts';
import {commandGroups, specOf} from './command-specs.ts';
import type {CommandName} from './load-command.ts';

export type HelpTopic = CommandName | 'connection-flags' | null;

/** @param topic `null` for the program's help. `isWhole`: of a command, all that there is to say, and not its page */
export function helpText(topic: HelpTopic, isWhole: boolean, layout: HelpLayout): string {
	if (topic === null) {
		return renderProgramHelp(commandGroups, layout);
	}

	return topic === 'connection-flags' ? renderConnectionHelp(layout) : renderCommandHelp(specOf(topic), isWhole, layout);
}
