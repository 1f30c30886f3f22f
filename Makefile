# SPDX-License-Identifier: GPL-2.0-only
#
# minivmm. `make help` lists the targets; V=1 shows the commands.

VERSION := 0.2.0
BUILD ?= build
PREFIX ?= /usr/local
CC ?= gcc
OBJCOPY ?= objcopy
READELF ?= readelf
STATIC ?= 0
SANITIZE ?= 0
WERROR ?=
V ?= 0
Q := $(if $(filter 1,$(V)),,@)
# A build that a target of the tests begins has a job for each CPU, unless the user gave make a -j.
JOBS = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

# Each function is a place of its own, in which tests/faults lets a call fail. _FORTIFY_SOURCE would turn calls into others,
# __read_chk() for read(), and the protector of the stack adds its own.
places := -O1 -fno-inline -fno-optimize-sibling-calls -U_FORTIFY_SOURCE -fno-stack-protector

# A sanitized build is a tree of its own, and there a warning is an error.
ifeq ($(SANITIZE),1)
override BUILD := $(BUILD)/sanitized
SANITIZERS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LEAKS_OBJ := $(BUILD)/leaks.o
PLACES := $(places)
# Tests start the program thousands of times: with nothing to relocate and gcc's static runtime it takes two thirds.
SANITIZED_LINK := -no-pie $(if $(findstring clang,$(CC)),,-static-libasan -static-libubsan)
else ifeq ($(SANITIZE),thread)
override BUILD := $(BUILD)/thread
SANITIZERS := -fsanitize=thread
endif
ifneq ($(SANITIZE),0)
BINARY := $(BUILD)/minivmm
WERROR := -Werror
else
BINARY := minivmm
endif

CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 \
	-Wvla -Wpointer-arith -Wwrite-strings $(WERROR)

# What makes a mistake of the program harder to exploit, each where the compiler has it. The sanitizers have checks of
# their own. What a packager's CPPFLAGS, CFLAGS and LDFLAGS say comes later, and wins.
ifeq ($(SANITIZERS),)
takes = $(shell $(CC) $(1) -Werror -S -x c /dev/null -o /dev/null 2>/dev/null && echo '$(1)')
# The level that the C library makes of 3: 2 with an older compiler, 0 without optimization.
FORTIFY := $(if $(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS)),,$(filter 2 3,$(lastword $(shell \
	echo __USE_FORTIFY_LEVEL | $(CC) $(CFLAGS) -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -include stdio.h -E -P - 2>/dev/null))))
HARDENING := -fPIE $(if $(FORTIFY),-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$(FORTIFY)) $(foreach flag, \
	-fstack-protector-strong -fstack-clash-protection -fcf-protection,$(call takes,$(flag)))
HARDENED_LINK := -pie -Wl,-z,relro,-z,now,-z,noexecstack
endif
# The folder of the build is not in the program: two builds are the same file.
REPRODUCIBLE := -ffile-prefix-map=$(CURDIR)=.

VMM_CFLAGS := -std=gnu11 -D_GNU_SOURCE -DMINIVMM_VERSION='"$(VERSION)"' -Iinclude -Ivmm \
	-isystem /usr/include/tracefs -isystem /usr/include/traceevent \
	-pthread $(WARNINGS) $(SANITIZERS) $(HARDENING) $(REPRODUCIBLE) $(CPPFLAGS) $(CFLAGS) $(PLACES)

# libbpf reads the kernel's BTF (vmm/host/kernel_types.c) and loads two BPF programs (kernel_probe.c). Without it (BPF=0, or
# no libbpf.pc) the source memslots is unavailable.
PKG_CONFIG ?= pkg-config
BPF ?= 1
BPF_LIBS := $(if $(filter 1,$(BPF)),$(shell $(PKG_CONFIG) --libs libbpf 2>/dev/null))
BPF_OBJ := $(BUILD)/vmm/host/kernel_types.o $(BUILD)/vmm/host/kernel_probe.o
$(BPF_OBJ): BPF_CFLAGS = $(if $(BPF_LIBS),-DHAVE_LIBBPF $(shell $(PKG_CONFIG) --cflags libbpf))
LIBS := -liniparser -ljansson -lfdt -ltracefs -ltraceevent $(BPF_LIBS)

# What minivmm itself uses of the C library comes before those libraries that few commands need, and what only they use
# after them: the kernel maps 16 pages around each that is touched, so that this is a part less to be resident.
STATIC_LIBS := $(subst -ltracefs,-lc -ltracefs,$(LIBS))

# $(call link_static,OBJECTS). Debian 13's libelf.a lacks two functions, which libelf calls when it opens an ELF file. libbpf
# needs libelf, but minivmm reads the kernel's BTF without it: where the link fails, a call of these two would abort.
link_static_command = $(CC) -pthread $(or $(STATIC_LINK),-static) -Wl,-z,noseparate-code $(LDFLAGS) $(1) $(STATIC_LIBS) \
	$(if $(BPF_LIBS),$(shell $(PKG_CONFIG) --static --libs libbpf)) -o $@
define link_static
$(Q)$(link_static_command) 2>$(BUILD)/$(subst /,-,$@).err || \
	$(link_static_command) -Wl,--defsym=eu_search_tree_init=abort,--defsym=eu_search_tree_fini=abort
endef

VMM_SRC := $(sort $(wildcard vmm/*/*.c))
VMM_OBJ := $(VMM_SRC:%.c=$(BUILD)/%.o) $(BUILD)/vmm/vm/payload_image.o $(BUILD)/vmm/config/builtin_guard.o

all: $(BINARY)

include guest/Makefile.inc
include tests/Makefile.inc

$(BINARY): STATIC_LINK := $(if $(HARDENED_LINK),-static-pie $(filter-out -pie,$(HARDENED_LINK)))
$(BINARY): $(VMM_OBJ) $(LEAKS_OBJ)
	@echo "  LD      $@"
ifeq ($(STATIC),1)
	$(call link_static,$^)
else
	$(Q)$(CC) $(SANITIZERS) $(SANITIZED_LINK) $(HARDENED_LINK) -pthread $(CFLAGS) $(LDFLAGS) $^ $(LIBS) -o $@
endif

# The lab's guest has no libraries: one static binary, from the same objects. Code and constants in one segment are
# fewer pages in memory.
$(BUILD)/static/minivmm: $(VMM_OBJ)
	@mkdir -p $(@D)
	@echo "  LD      $@"
	$(call link_static,$^)

$(BUILD)/vmm/%.o: vmm/%.c
	@mkdir -p $(@D)
	@echo "  CC      $@"
	$(Q)$(CC) $(VMM_CFLAGS) $(BPF_CFLAGS) -MMD -MP -c $< -o $@

# The names of the system calls, by number: an error names the one that a vCPU's thread must not make.
SYSCALL_NAMES := $(BUILD)/syscall_names.h
$(SYSCALL_NAMES):
	@mkdir -p $(@D)
	$(Q)echo '#include <asm/unistd.h>' | $(CC) -E -dM - >$@.all
	$(Q)sed -nE 's/^#define __NR_([a-z0-9_]+) ([0-9]+)$$/[\2] = "\1",/p' $@.all >$@
$(BUILD)/vmm/vm/vcpu_filter.o: VMM_CFLAGS += -iquote . -DSYSCALL_NAMES='"$(SYSCALL_NAMES)"'
$(BUILD)/vmm/vm/vcpu_filter.o: $(SYSCALL_NAMES)

# The version is in this file.
$(patsubst %.c,$(BUILD)/%.o,$(shell grep -l MINIVMM_VERSION $(VMM_SRC))): Makefile

$(BUILD)/vmm/vm/payload_image.o: vmm/vm/payload_image.S $(GUEST_BIN) $(AGENT_BIN)
	@mkdir -p $(@D)
	@echo "  AS      $@"
	$(Q)$(CC) $(filter -fcf-protection,$(HARDENING)) -DPAYLOAD_BIN='"$(GUEST_BIN)"' -DAGENT_BIN='"$(AGENT_BIN)"' -c $< -o $@

$(BUILD)/vmm/config/builtin_guard.o: vmm/config/builtin_guard.S configs/guard.ini
	@mkdir -p $(@D)
	@echo "  AS      $@"
	$(Q)$(CC) -DGUARD_INI='"configs/guard.ini"' -c $< -o $@

-include $(VMM_SRC:%.c=$(BUILD)/%.d)

# Their lists of names are what the program itself says.
MAN := $(BUILD)/man/minivmm.1 $(BUILD)/man/minivmm.ini.5

man: $(MAN)

# Changes where PREFIX does, which the pages name.
$(BUILD)/man/prefix: always
	@mkdir -p $(@D)
	@[ "$$(cat $@ 2>/dev/null)" = "$(PREFIX)" ] || echo "$(PREFIX)" >$@

$(BUILD)/man/minivmm.%: docs/man/minivmm.%.scd docs/man/generate.awk $(BUILD)/man/prefix $(BINARY)
	@mkdir -p $(@D)
	@command -v scdoc >/dev/null || { echo "man: scdoc is missing (Debian: apt-get install scdoc)" >&2; exit 3; }
	@echo "  MAN     $@"
	$(Q)awk -v minivmm=./$(BINARY) -v prefix=$(PREFIX) -f docs/man/generate.awk $< >$@.scd
	$(Q)scdoc <$@.scd >$@

# What pages quote: minivmm's own output, and the schemas.
docs: $(BINARY)
	docs/schema/tables docs/report.md
	for page in $$(grep -lE '^<!-- minivmm .* -->$$' docs/*.md); do \
		awk -v minivmm=./$(BINARY) -f docs/transcripts.awk $$page >$$page.new && mv $$page.new $$page || exit; \
	done

# What install puts where, below $(DESTDIR)$(PREFIX); uninstall takes the same away.
INSTALLED := bin/minivmm share/minivmm share/doc/minivmm share/bash-completion/completions/minivmm \
	share/fish/vendor_completions.d/minivmm.fish share/zsh/vendor-completions/_minivmm \
	share/man/man1/minivmm.1 share/man/man5/minivmm.ini.5
INTO = $(DESTDIR)$(PREFIX)/share

install: $(BINARY)
	install -D -m 755 minivmm $(DESTDIR)$(PREFIX)/bin/minivmm
	install -D -m 644 -t $(INTO)/minivmm/configs configs/*.ini
	install -D -m 644 -t $(INTO)/minivmm/schema docs/schema/*.json
	install -D -m 644 -t $(INTO)/doc/minivmm README.md docs/*.md docs/*.svg
	install -D -m 644 -t $(INTO)/doc/minivmm/fleet docs/fleet/*.*
	install -D -m 644 docs/completion/minivmm.bash $(INTO)/bash-completion/completions/minivmm
	install -D -m 644 -t $(INTO)/fish/vendor_completions.d docs/completion/minivmm.fish
	install -D -m 644 -t $(INTO)/zsh/vendor-completions docs/completion/_minivmm
	for page in $(MAN); do \
		[ ! -e $$page ] || install -D -m 644 -t $(INTO)/man/man$${page##*.} $$page || exit; \
	done

uninstall:
	cd $(DESTDIR)$(PREFIX) && rm -rf --one-file-system $(INSTALLED)

# Into a folder of its own: the man pages say /usr there.
DEB := minivmm_$(VERSION)_$(shell dpkg --print-architecture 2>/dev/null).deb
deb: $(BINARY)
	rm -rf --one-file-system $(BUILD)/deb
	$(Q)$(MAKE) --no-print-directory PREFIX=/usr man
	$(Q)$(MAKE) --no-print-directory -s install DESTDIR=$(abspath $(BUILD)/deb) PREFIX=/usr
	$(Q)docs/packaging/deb $(VERSION) $(BUILD)/deb $(BUILD)/$(DEB)

# The committed tree, of which the folder has the version in its name.
dist:
	@mkdir -p $(BUILD)
	$(Q)git archive --prefix=minivmm-$(VERSION)/ HEAD | gzip -9n >$(BUILD)/minivmm-$(VERSION).tar.gz
	@echo $(BUILD)/minivmm-$(VERSION).tar.gz

# --one-file-system: nothing below a mount is removed, should one be left in build/fresh.
clean:
	rm -rf --one-file-system minivmm $(filter-out $(BUILD)/lab,$(wildcard $(BUILD)/*))

distclean:
	rm -rf --one-file-system minivmm $(BUILD)

help:
	@sed -n 's/^## \{0,1\}//p' Makefile tests/Makefile.inc tests/fuzz/Makefile.inc tests/faults/Makefile.inc

## make                builds ./minivmm (STATIC=1: without shared libraries; V=1: shows the commands)
## make demo           sets up what is missing, builds, shows the transition: here, or on an emulated host
## make man            minivmm(1) and minivmm.ini(5), with scdoc; installed where they were made
## make docs           fills in what pages in docs/ quote from the program and the schemas
## make install        DESTDIR= PREFIX=/usr/local
## make uninstall      DESTDIR= PREFIX=/usr/local: removes what install has put there
## make deb            build/minivmm_VERSION_ARCH.deb          make dist   build/minivmm-VERSION.tar.gz
## make clean          (keeps the lab's kernels; make distclean does not)

.PHONY: all always docs man install uninstall deb dist clean distclean help
.DELETE_ON_ERROR:
