// Socket addresses as texts for log lines and per-address limits.
#pragma once

#include <netinet/in.h>

#include <string>

namespace millrace {

/** An IPv4 or IPv6 address; one mapped into IPv6 in its own form, so that a client counts once whatever it came by. */
std::string format_address(const sockaddr_in6& address, bool with_port);

}  // namespace millrace
