/* The shortest program. */
int main(void) { return 0; }
