# The life of a container, with crun.
runtime=crun
. "${0%/*}/common/lifecycle.sh"
