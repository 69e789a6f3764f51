/** The overlays that come with the program, besides `default`. */
export const presetNames: readonly string[] = ['vim', 'k9s'];
