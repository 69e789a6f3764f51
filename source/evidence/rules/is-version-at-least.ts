/** Order of apiserver versions. */
import type {VersionFacts} from '../evidence.ts';

export function isVersionAtLeast({major, minor}: VersionFacts, wantedMajor: number, wantedMinor: number): boolean {
	return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}
