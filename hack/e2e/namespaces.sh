# isolated COMMAND...: runs a command as the first process of a process
# namespace, with a network of its own. When it ends, the kernel ends whatever it
# left behind; when this shell ends, so does the command.
isolated() {
	if [ "$(id -u)" = 0 ]; then
		unshare --net --mount --pid --fork --kill-child --mount-proc "$@"
	else
		unshare --map-root-user --net --mount --pid --fork --kill-child --mount-proc "$@"
	fi
}
