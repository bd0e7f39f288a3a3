// LeakSanitizer asks for this by name. Paho C 1.3.12 drops an answer of the broker that arrives in the moment in which
// its last client leaves (MQTTAsync_receiveThread reads a packet, sees that it shall stop, and forgets the packet):
// some hundred bytes once, as the process ends. It has no symbols by which to name
// the place, so that whatever it asks for is passed over.
extern "C" const char* __lsan_default_suppressions();   // NOLINT(bugprone-reserved-identifier)
extern "C" const char* __lsan_default_suppressions() {  // NOLINT(bugprone-reserved-identifier)
  return "leak:libpaho-mqtt3as.so\n";
}
