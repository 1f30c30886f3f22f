# SPDX-License-Identifier: GPL-2.0-only
# What the scripts growth-*.sh share, which busybox's ash runs in the lab.
chmod +x pairs

# took NAME SIZE RUNS COMMAND: processor time, and of it what is the kernel's or the guests'.
took() {
	./pairs "$3" "$4" >/tmp/took.json 2>>"/out/$1.err"
	sed -n "s/.*\"cpu_ns\": \([0-9]*\), \"system_ns\": \([0-9]*\), \"guest_ns\": \([0-9]*\),.*\"exit_status\": 0}.*/$2 \1 \2 \3/p" /tmp/took.json |
		awk '{ print $1, $2, $3 + $4 }' >>"/out/$1"
	grep -q '"exit_status": 0}' /tmp/took.json || cat /tmp/took.json >>"/out/$1.err"
}
