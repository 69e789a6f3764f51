/** Problems in the settings files of the user. */

export type SourceLocation = {file: string; line: number; column: number};
export type SettingsProblem = SourceLocation & {message: string};

/** `FILE:LINE:COLUMN: message`, from which an editor finds the place. Not sanitized. */
export function formatProblem({file, line, column, message}: SettingsProblem): string {
	return `${file}:${line}:${column}: ${message}`;
}
