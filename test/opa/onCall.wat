;; A module that keeps to Open Policy Agent's WebAssembly ABI 1.2 (https://www.openpolicyagent.org/docs/wasm), written
;; by hand because no compiler for Rego is to be had where the tests run. It says what docs/opa/on_call.rego says:
;; allow where the input has an "escalation_level" of at least 1; entrypoint 1 never ends, entrypoint 2 answers nonsense.
(module
  (import "env" "memory" (memory 1))
  (global (export "opa_wasm_abi_version") i32 (i32.const 1))
  (global (export "opa_wasm_abi_minor_version") i32 (i32.const 2))
  (global $heap (mut i32) (i32.const 4096))
  (data (i32.const 16) "{}\00")
  (data (i32.const 32) "{\"jit/decision\":0,\"jit/endless\":1,\"jit/nonsense\":2}\00")
  (data (i32.const 128) "[{\"result\":{\"allow\":true,\"ttl\":\"30m\"}}]\00")
  (data (i32.const 256) "[{\"result\":{\"allow\":false}}]\00")
  (data (i32.const 320) "[{\"result\":{\"allow\":\"yes\"}}]\00")
  (data (i32.const 384) "\"escalation_level\":")
  (func (export "builtins") (result i32) (i32.const 16))
  (func (export "entrypoints") (result i32) (i32.const 32))
  (func (export "opa_json_dump") (param i32) (result i32) (local.get 0))
  (func (export "opa_malloc") (param i32) (result i32) (global.get $heap))
  (func (export "opa_json_parse") (param i32 i32) (result i32) (local.get 0))
  (func (export "opa_heap_ptr_get") (result i32) (global.get $heap))
  (func (export "opa_heap_ptr_set") (param i32) (global.set $heap (local.get 0)))
  ;; Whether the 19 bytes of the key stand at an address.
  (func $isKey (param $at i32) (result i32) (local $i i32)
    (loop $next
      (if (i32.ne
            (i32.load8_u (i32.add (local.get $at) (local.get $i)))
            (i32.load8_u (i32.add (i32.const 384) (local.get $i))))
        (then (return (i32.const 0))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (i32.const 19))))
    (i32.const 1))
  (func (export "opa_eval")
    (param $reserved i32) (param $entrypoint i32) (param $data i32)
    (param $input i32) (param $length i32) (param $heapPtr i32) (param $format i32) (result i32)
    (local $at i32)
    (if (i32.eq (local.get $entrypoint) (i32.const 1)) (then (loop $forever (br $forever))))
    (if (i32.eq (local.get $entrypoint) (i32.const 2)) (then (return (i32.const 320))))
    (local.set $at (local.get $input))
    (loop $next
      (if (call $isKey (local.get $at))
        (then
          ;; A level is a number from 1; the digit after the key tells.
          (if (i32.ge_u (i32.load8_u (i32.add (local.get $at) (i32.const 19))) (i32.const 49))
            (then (return (i32.const 128))))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $at) (i32.add (local.get $input) (local.get $length)))))
    (i32.const 256)))
