# SPDX-License-Identifier: GPL-2.0-only
# Debian packages for the lab, without touching the system: apt works on a private, temporary state in $tmp, and nothing
# is installed.
# shellcheck shell=bash
# shellcheck disable=SC2154 # tmp: whose sources this

# The suites that have a series. They are few, because each index has megabytes.
apt__suites_of() { # SERIES
	case $1 in
	5.10) echo bullseye bullseye-security ;;
	6.1) echo bookworm bookworm-security ;;
	6.12) echo trixie trixie-security bookworm-security ;;
	*) echo trixie-backports bookworm-backports "$codename-backports" "$codename-security" "$codename" ;;
	esac | tr ' ' '\n' | sort -u
}

# The archives that this system installs from: lines of "URI SUITE". Without package lists apt does not know who made an
# archive; then the lines of the apt sources are used as they are.
apt__system_sources() {
	local sources
	# shellcheck disable=SC2016 # apt fills these in, not the shell
	sources=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' 'Origin: Debian')
	[[ $sources ]] || sources=$(apt-get update --print-uris | sed -n "s|^'\(.*\)/dists/\(.*\)/InRelease'.*|\1 \2|p")
	echo "$sources"
}

apt__find_archives() { # sets archive, security, codename, keyring
	local sources
	keyring=${LAB_KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}
	codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	sources=$(apt__system_sources)
	archive=${LAB_ARCHIVE:-$(awk -v c="$codename" '$2 == c { print $1; exit }' <<<"$sources")}
	security=${LAB_SECURITY_ARCHIVE:-$(awk -v c="$codename-security" '$2 == c { print $1; exit }' <<<"$sources")}
	[[ $archive ]] ||
		fail "apt's sources name no Debian archive for '$codename': set LAB_ARCHIVE (and LAB_SECURITY_ARCHIVE) to its address"
	[[ -r $keyring ]] ||
		fail "$keyring is missing: install debian-archive-keyring, or set LAB_KEYRING"
}

# A private apt. Proxies and similar settings still come from the system's configuration, which apt reads before this file.
apt__make() { # SUITE...
	local suite options="arch=amd64 signed-by=$keyring check-valid-until=no"
	mkdir -p "$tmp"/apt/{lists/partial,cache/archives/partial}
	for suite; do
		case $suite in
		*-security) [[ -z $security ]] || echo "deb [$options] $security $suite main" ;;
		*) echo "deb [$options] $archive $suite main" ;;
		esac
	done >"$tmp/apt/sources.list"
	cat >"$tmp/apt/apt.conf" <<-EOF
		Dir::State "$tmp/apt";
		Dir::State::lists "$tmp/apt/lists";
		Dir::State::status "/dev/null";
		Dir::Cache "$tmp/apt/cache";
		Dir::Etc::SourceList "$tmp/apt/sources.list";
		Dir::Etc::SourceParts "/dev/null";
		Dir::Etc::PreferencesParts "/dev/null";
		Dir::Etc::Preferences "/dev/null";
		APT::Architecture "amd64";
		APT::Sandbox::User "$(id -un)";
		Acquire::Languages "none";
		Acquire::Retries "2";
		#clear APT::Update::Post-Invoke;
		#clear APT::Update::Post-Invoke-Success;
	EOF
}

apt__run() { # apt-get|apt-cache ARGS...
	"$1" -qq -c "$tmp/apt/apt.conf" "${@:2}"
}

# Fetches the package lists for a series of kernels. A suite that can't be fetched is no error, if the others have the
# packages.
apt__open() { # SERIES: sets apt_from
	local suites
	apt__find_archives
	mapfile -t suites < <(apt__suites_of "$1")
	apt__make "${suites[@]}"
	apt__run apt-get update >"$tmp/apt/log" 2>&1 || true
	apt_from="$archive${security:+ or $security} (${suites[*]})"
}

# Fails if the lists are incomplete for another reason than that the archive does not have the package.
apt__complete() {
	! grep -q 'Failed to fetch' "$tmp/apt/log" || {
		cat "$tmp/apt/log" >&2
		fail "can't read all of $archive: check the network and apt's sources, then try again"
	}
}

apt__download() { # FOLDER PACKAGE...
	mkdir -p "$1"
	(cd "$1" && apt__run apt-get download "${@:2}" >&2) ||
		fail "can't download ${*:2}: check the network, then try again"
}

# Unpacks the source in a package linux-source-SERIES.
apt__unpack_source() { # DEB SERIES TO [ARGUMENT OF TAR...]
	dpkg-deb --fsys-tarfile "$1" | tar -xO -f - "./usr/src/linux-source-$2.tar.xz" | xz -T0 -dc |
		tar -x -f - -C "$3" --strip-components=1 "${@:4}"
}
