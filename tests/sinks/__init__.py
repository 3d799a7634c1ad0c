"""Each sink has a module test_<name, with _ for ->, with which the laws of test_contract are asked of it.

`SAMPLE` is its options, as a dict, that make it valid. It may have besides:

- `ADDRESS`: the name of the plain option that takes the address of its service; then every `…_env` option gets
  receiver.SECRET. Without it every `…_env` option gets the receiver's url, with the secret in its path.
- `environment(address)`: the variables, where that is not how they are made. SECRET stands in them as secrets do.
- `SERVICE`: the Receiver that plays its service, where the sink reads what it is answered; its `answers` come first.
- `HTTP = False`: it speaks another protocol, and what is said of HTTP is not asked of it.
"""
