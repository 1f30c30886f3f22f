// SPDX-License-Identifier: GPL-2.0-only
#include "vm/guest.h"

const struct guest_ops *guest_of(const struct config *config)
{
	static const struct guest_ops *const kinds[] = {
		[PAYLOAD_NESTED] = &guest_nested,
		[PAYLOAD_LINUX] = &guest_linux,
		[PAYLOAD_MULTIBOOT] = &guest_multiboot,
	};

	return kinds[config->guest.payload];
}

int payload_place(const struct layout *layout, unsigned int vcpus, int page_level,
		  struct payload *payload, struct err *err)
{
	*payload = (struct payload){
		.ops = guest_of(layout->config), .vcpus = vcpus, .page_level = page_level,
	};
	return payload->ops->place(layout, payload, err);
}

int payload_load(struct payload *payload, const struct vm *vm, struct err *err)
{
	return payload->ops->load(payload, vm, err);
}

void payload_release(struct payload *payload)
{
	if (payload->ops && payload->ops->release)
		payload->ops->release(payload);
}
