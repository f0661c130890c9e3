# The life of a container, with runc.
runtime=runc
. "${0%/*}/common/lifecycle.sh"
