/** What package catalogs take of a release: a Homebrew formula, a krew manifest and a Nix expression. They name the published files. */
import {stringify} from 'yaml';
import {archiveName, downloadUrl, goArch, manifest, npmPackage, platforms, type Platform} from './release-data.ts';

/** File name → SHA-256. */
export type Checksums = ReadonlyMap<string, string>;

const shortDescription = 'See and use the path from you to a pod';

/** File name → its text, which names the archives that have a checksum. */
export const catalogs: Readonly<Record<string, (checksums: Checksums) => string>> = {
	'spoke.rb': homebrewFormula,
	'spoke.yaml': krewManifest,
	'spoke.nix': nixExpression,
};

/** @see https://docs.brew.sh/Formula-Cookbook */
export function homebrewFormula(checksums: Checksums): string {
	const archives = archivesIn(checksums);
	const systems = [...new Set(archives.map(({platform}) => platform.os))].map(os => {
		const machines = archives
			.filter(({platform}) => platform.os === os)
			.map(({platform, file, sha256}) =>
				[
					`    on_${platform.arch === 'x64' ? 'intel' : 'arm'} do`,
					`      url "${downloadUrl}/${file}"`,
					`      sha256 "${sha256}"`,
					'    end',
				].join('\n'),
			);
		return [`  on_${os === 'darwin' ? 'macos' : 'linux'} do`, ...machines, '  end'].join('\n');
	});
	return `class Spoke < Formula
  desc "${shortDescription}"
  homepage "${manifest.homepage}"
  version "${manifest.version}"
  license "${manifest.license}"

${systems.join('\n\n')}

  def install
    bin.install Dir["bin/*"]
    man1.install Dir["share/man/man1/*"]
    bash_completion.install "share/bash-completion/completions/spoke"
    zsh_completion.install "share/zsh/site-functions/_spoke"
    fish_completion.install "share/fish/vendor_completions.d/spoke.fish"
    doc.install Dir["share/doc/spoke/*"]
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/spoke version")
  end
end
`;
}

/**
krew links the program as `kubectl-spoke`, so kubectl finds the plugin, but not its completion. `url` is the folder of the archives.
@see https://krew.sigs.k8s.io/docs/developer-guide/plugin-manifest/
*/
export function krewManifest(checksums: Checksums, url = downloadUrl): string {
	return stringify(
		{
			apiVersion: 'krew.googlecontainertools.github.com/v1alpha2',
			kind: 'Plugin',
			metadata: {name: manifest.name},
			spec: {
				version: `v${manifest.version}`,
				homepage: manifest.homepage,
				shortDescription,
				description: `${manifest.description}.`,
				platforms: archivesIn(checksums).map(({platform, file, sha256}) => ({
					selector: {matchLabels: {os: platform.os, arch: goArch[platform.arch]}},
					uri: `${url}/${file}`,
					sha256,
					files: [
						{from: `${archiveName(platform)}/bin/${manifest.name}`, to: '.'},
						{from: `${archiveName(platform)}/share/doc/${manifest.name}/LICENSE`, to: '.'},
						{from: `${archiveName(platform)}/share/doc/${manifest.name}/*.txt`, to: '.'},
					],
					bin: manifest.name,
				})),
			},
		},
		{lineWidth: 0},
	);
}

/**
Of the npm package, because it runs with the Node of Nixpkgs: patchelf, which gives a program the libraries of Nix, can damage a single
executable.
*/
export function nixExpression(checksums: Checksums): string {
	return `# nix-build --expr 'with import <nixpkgs> { }; callPackage ./spoke.nix { }'
{ lib, stdenvNoCC, fetchurl, installShellFiles, nodejs_24 }:

stdenvNoCC.mkDerivation {
  pname = "${manifest.name}";
  version = "${manifest.version}";
  src = fetchurl {
    url = "${downloadUrl}/${npmPackage}";
    sha256 = "${checksums.get(npmPackage)}";
  };
  nativeBuildInputs = [ installShellFiles ];
  dontBuild = true;
  installPhase = ''
    runHook preInstall
    mkdir -p $out/bin $out/lib
    cp -r . $out/lib/spoke
    substituteInPlace $out/lib/spoke/build/spoke.js --replace-fail 'exec node ' 'exec \${nodejs_24}/bin/node '
    for name in ${Object.keys(manifest.bin).join(' ')}; do
      ln -s $out/lib/spoke/build/spoke.js $out/bin/$name
    done
    installManPage man/*.1
    for shell in bash zsh fish; do
      $out/bin/spoke completion $shell > spoke.$shell
      installShellCompletion --cmd spoke --$shell spoke.$shell
    done
    runHook postInstall
  '';
  meta = {
    description = "${shortDescription}";
    homepage = "${manifest.homepage}";
    license = lib.licenses.asl20;
    mainProgram = "spoke";
    platforms = lib.platforms.unix;
  };
}
`;
}

/** Of the platforms whose archive has a checksum. */
function archivesIn(checksums: Checksums): Array<{platform: Platform; file: string; sha256: string}> {
	return platforms.flatMap(platform => {
		const file = `${archiveName(platform)}.tar.gz`;
		const sha256 = checksums.get(file);
		return sha256 === undefined ? [] : [{platform, file, sha256}];
	});
}
