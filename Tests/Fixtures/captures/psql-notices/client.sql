select greet('executor');
do $$ begin raise warning 'careful' using hint = 'slowly', detail = 'step'; end $$;
set application_name = 'renamed';
set timezone = 'Europe/Berlin';
drop table if exists nothing;
