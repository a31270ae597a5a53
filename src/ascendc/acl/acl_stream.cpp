// SPDX-License-Identifier: Apache-2.0
// Streams and events. Work is done when it is handed in, so that waiting only reports how it went.
#include <fmt/format.h>

#include <utility>

#include "ascendc/acl/runtime.h"

using namespace etalon::ascendc;

namespace {

aclError null_pointer(const char* function, const char* argument) {
  return refuse(ACL_ERROR_INVALID_PARAM, function, "acl.null", fmt::format("{} is null", argument));
}
aclError no_context(const char* function) {
  return refuse(ACL_ERROR_RT_CONTEXT_NULL, function, "acl.no-context", "no device is set",
                "call aclrtSetDevice");
}

// The stream, or null and the error in `code`.
StreamState* find_stream(aclrtStream handle, const char* function, aclError* code) {
  StreamState* s = Runtime::get().stream(handle);
  if (s != nullptr) return s;
  *code = handle == nullptr ? no_context(function)
                            : refuse(ACL_ERROR_RT_INVALID_HANDLE, function, "acl.handle",
                                     "no such stream, or destroyed before");
  return nullptr;
}

EventState* find_event(aclrtEvent handle, const char* function, aclError* code) {
  Runtime& r = Runtime::get();
  const auto it = r.events.find(handle);
  if (it != r.events.end()) return &it->second;
  *code = refuse(ACL_ERROR_RT_INVALID_HANDLE, function, "acl.handle", "no such event, or destroyed before");
  return nullptr;
}

// What failed on the stream, once.
aclError taken(StreamState& s, const char* function) {
  const aclError failure = std::exchange(s.failure, ACL_SUCCESS);
  if (failure == ACL_SUCCESS) return ACL_SUCCESS;
  std::string& text = thread_state().error;
  if (text.empty())
    return refuse(failure, function, "acl.kernel", "a kernel of this stream failed", "see standard error");
  return failure;
}

}  // namespace

extern "C" {

aclError aclrtCreateStreamWithConfig(aclrtStream* stream, uint32_t, uint32_t) {
  if (stream == nullptr) return null_pointer(__func__, "stream");
  Runtime& r = Runtime::get();
  const Lock lock(r.mutex);
  aclrtContext context = nullptr;
  if (r.current_context(&context) == nullptr) return no_context(__func__);
  *stream = r.new_handle();
  r.streams[*stream] = {context, ++r.last_id, ACL_SUCCESS};
  return ACL_SUCCESS;
}

aclError aclrtCreateStream(aclrtStream* stream) { return aclrtCreateStreamWithConfig(stream, 0, 0); }

aclError aclrtDestroyStream(aclrtStream stream) {
  Runtime& r = Runtime::get();
  const Lock lock(r.mutex);
  if (stream != nullptr && r.streams.erase(stream) == 1) return ACL_SUCCESS;
  return refuse(ACL_ERROR_RT_INVALID_HANDLE, __func__, "acl.handle", "no such stream, or destroyed before");
}

aclError aclrtDestroyStreamForce(aclrtStream stream) { return aclrtDestroyStream(stream); }

aclError aclrtSynchronizeStreamWithTimeout(aclrtStream stream, int32_t timeout_ms) {
  const Lock lock(Runtime::get().mutex);
  aclError code = ACL_SUCCESS;
  if (timeout_ms < -1)
    return refuse(ACL_ERROR_RT_PARAM_INVALID, __func__, "acl.range",
                  fmt::format("timeout {} ms, expected -1 or more", timeout_ms));
  StreamState* s = find_stream(stream, __func__, &code);
  return s == nullptr ? code : taken(*s, __func__);
}

aclError aclrtSynchronizeStream(aclrtStream stream) { return aclrtSynchronizeStreamWithTimeout(stream, -1); }

aclError aclrtSynchronizeDeviceWithTimeout(int32_t timeout_ms) {
  Runtime& r = Runtime::get();
  const Lock lock(r.mutex);
  const ContextState* context = r.current_context();
  if (context == nullptr) return no_context(__func__);
  aclError code = aclrtSynchronizeStreamWithTimeout(nullptr, timeout_ms);
  for (auto& [handle, stream] : r.streams) {
    const auto it = r.contexts.find(stream.context);
    if (it == r.contexts.end() || it->second.device != context->device) continue;
    if (const aclError failed = taken(stream, __func__); failed != ACL_SUCCESS) code = failed;
  }
  return code;
}

aclError aclrtSynchronizeDevice(void) { return aclrtSynchronizeDeviceWithTimeout(-1); }

aclError aclrtStreamQuery(aclrtStream stream, aclrtStreamStatus* status) {
  if (status == nullptr) return null_pointer(__func__, "status");
  const Lock lock(Runtime::get().mutex);
  aclError code = ACL_SUCCESS;
  if (find_stream(stream, __func__, &code) == nullptr) return code;
  *status = ACL_STREAM_STATUS_COMPLETE;
  return ACL_SUCCESS;
}

aclError aclrtStreamGetId(aclrtStream stream, int32_t* id) {
  if (id == nullptr) return null_pointer(__func__, "id");
  const Lock lock(Runtime::get().mutex);
  aclError code = ACL_SUCCESS;
  const StreamState* s = find_stream(stream, __func__, &code);
  if (s != nullptr) *id = s->id;
  return code;
}

aclError aclrtStreamWaitEvent(aclrtStream stream, aclrtEvent event) {
  const Lock lock(Runtime::get().mutex);
  aclError code = ACL_SUCCESS;
  if (find_stream(stream, __func__, &code) != nullptr) find_event(event, __func__, &code);
  return code;
}

aclError aclrtLaunchHostFunc(aclrtStream stream, aclrtHostFunc function, void* args) {
  if (function == nullptr) return null_pointer(__func__, "function");
  aclError code = ACL_SUCCESS;
  {
    const Lock lock(Runtime::get().mutex);
    if (find_stream(stream, __func__, &code) == nullptr) return code;
  }
  function(args);
  return ACL_SUCCESS;
}

aclError aclrtCreateEventWithFlag(aclrtEvent* event, uint32_t flag) {
  if (event == nullptr) return null_pointer(__func__, "event");
  Runtime& r = Runtime::get();
  const Lock lock(r.mutex);
  const ContextState* context = r.current_context();
  if (context == nullptr) return no_context(__func__);
  *event = r.new_handle();
  r.events[*event] = {(flag & ACL_EVENT_TIME_LINE) != 0, false, 0, context->device};
  return ACL_SUCCESS;
}

aclError aclrtCreateEvent(aclrtEvent* event) {
  return aclrtCreateEventWithFlag(event, ACL_EVENT_TIME_LINE | ACL_EVENT_SYNC);
}
aclError aclrtCreateEventExWithFlag(aclrtEvent* event, uint32_t flag) {
  return aclrtCreateEventWithFlag(event, flag);
}

aclError aclrtDestroyEvent(aclrtEvent event) {
  Runtime& r = Runtime::get();
  const Lock lock(r.mutex);
  if (r.events.erase(event) == 1) return ACL_SUCCESS;
  return refuse(ACL_ERROR_RT_INVALID_HANDLE, __func__, "acl.handle", "no such event, or destroyed before");
}

// From the first event whose time may be asked for on, kernels are timed by the cycle model.
aclError aclrtRecordEvent(aclrtEvent event, aclrtStream stream) {
  Runtime& r = Runtime::get();
  const Lock lock(r.mutex);
  aclError code = ACL_SUCCESS;
  EventState* e = find_event(event, __func__, &code);
  if (e == nullptr || find_stream(stream, __func__, &code) == nullptr) return code;
  e->recorded = true;
  e->at_us = r.device(e->device)->clock_us;
  r.wants_time = r.wants_time || e->timed;
  return ACL_SUCCESS;
}

aclError aclrtResetEvent(aclrtEvent event, aclrtStream stream) {
  const Lock lock(Runtime::get().mutex);
  aclError code = ACL_SUCCESS;
  EventState* e = find_event(event, __func__, &code);
  if (e == nullptr || find_stream(stream, __func__, &code) == nullptr) return code;
  e->recorded = false;
  return ACL_SUCCESS;
}

aclError aclrtQueryEventStatus(aclrtEvent event, aclrtEventRecordedStatus* status) {
  if (status == nullptr) return null_pointer(__func__, "status");
  const Lock lock(Runtime::get().mutex);
  aclError code = ACL_SUCCESS;
  const EventState* e = find_event(event, __func__, &code);
  if (e == nullptr) return code;
  *status = e->recorded ? ACL_EVENT_RECORDED_STATUS_COMPLETE : ACL_EVENT_RECORDED_STATUS_NOT_READY;
  return ACL_SUCCESS;
}

aclError aclrtQueryEvent(aclrtEvent event, aclrtEventStatus* status) {
  aclrtEventRecordedStatus recorded = ACL_EVENT_RECORDED_STATUS_NOT_READY;
  if (status == nullptr) return null_pointer(__func__, "status");
  const aclError code = aclrtQueryEventStatus(event, &recorded);
  if (code == ACL_SUCCESS)
    *status = recorded == ACL_EVENT_RECORDED_STATUS_COMPLETE ? ACL_EVENT_STATUS_COMPLETE
                                                             : ACL_EVENT_STATUS_NOT_READY;
  return code;
}

aclError aclrtQueryEventWaitStatus(aclrtEvent event, aclrtEventWaitStatus* status) {
  if (status == nullptr) return null_pointer(__func__, "status");
  const Lock lock(Runtime::get().mutex);
  aclError code = ACL_SUCCESS;
  if (find_event(event, __func__, &code) != nullptr) *status = ACL_EVENT_WAIT_STATUS_COMPLETE;
  return code;
}

aclError aclrtSynchronizeEventWithTimeout(aclrtEvent event, int32_t) {
  const Lock lock(Runtime::get().mutex);
  aclError code = ACL_SUCCESS;
  find_event(event, __func__, &code);
  return code;
}
aclError aclrtSynchronizeEvent(aclrtEvent event) { return aclrtSynchronizeEventWithTimeout(event, -1); }

aclError aclrtEventElapsedTime(float* ms, aclrtEvent start, aclrtEvent end) {
  if (ms == nullptr) return null_pointer(__func__, "ms");
  const Lock lock(Runtime::get().mutex);
  aclError code = ACL_SUCCESS;
  const EventState* a = find_event(start, __func__, &code);
  const EventState* b = a == nullptr ? nullptr : find_event(end, __func__, &code);
  if (b == nullptr) return code;
  if (!a->recorded || !b->recorded || !a->timed || !b->timed)
    return refuse(ACL_ERROR_RT_EVENT_TIMESTAMP_INVALID, __func__, "acl.event",
                  "an event was not recorded, or was made without ACL_EVENT_TIME_LINE");
  *ms = static_cast<float>((b->at_us - a->at_us) * 1e-3);
  return ACL_SUCCESS;
}

aclError aclrtEventGetTimestamp(aclrtEvent event, uint64_t* microseconds) {
  if (microseconds == nullptr) return null_pointer(__func__, "microseconds");
  const Lock lock(Runtime::get().mutex);
  aclError code = ACL_SUCCESS;
  const EventState* e = find_event(event, __func__, &code);
  if (e == nullptr) return code;
  if (!e->recorded)
    return refuse(ACL_ERROR_RT_EVENT_TIMESTAMP_INVALID, __func__, "acl.event", "the event was not recorded");
  *microseconds = static_cast<uint64_t>(e->at_us);
  return ACL_SUCCESS;
}

}  // extern "C"
