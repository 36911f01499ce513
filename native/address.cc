#include "address.h"

#include <arpa/inet.h>

#include <cstdio>

namespace millrace {

std::string format_address(const sockaddr_in6& address, bool with_port) {
  char text[INET6_ADDRSTRLEN] = "";
  bool is_six = false;
  if (address.sin6_family == AF_INET) {
    const auto& four = reinterpret_cast<const sockaddr_in&>(address);
    inet_ntop(AF_INET, &four.sin_addr, text, sizeof text);
  } else if (address.sin6_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&address.sin6_addr)) {
    inet_ntop(AF_INET, address.sin6_addr.s6_addr + 12, text, sizeof text);
  } else if (address.sin6_family == AF_INET6) {
    inet_ntop(AF_INET6, &address.sin6_addr, text, sizeof text);
    is_six = true;
  }
  if (!with_port || text[0] == 0) return text;
  char whole[INET6_ADDRSTRLEN + 8];
  // The port stands at the same place in both.
  snprintf(whole, sizeof whole, is_six ? "[%s]:%u" : "%s:%u", text, ntohs(address.sin6_port));
  return whole;
}

}  // namespace millrace
